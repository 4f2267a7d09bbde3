package io.plinth.dbproxy.migrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PgBouncerFileTest {
    @TempDir
    Path folder;

    @Test
    void aFileBecomesTheSectionThatMeansTheSame() throws Exception {
        Files.writeString(folder.resolve("userlist.txt"), """
            "app" "pencil"
            "old" "md50123456789abcdef0123456789abcdef"
            """);
        Files.writeString(folder.resolve("pgbouncer.ini"), """
            ; a comment
            [databases]
            shop = host=10.0.0.1 port=5433 dbname=store pool_size=7
            fixed = host=10.0.0.2 user=owner password='it''s' connect_query='SELECT 1'
            * = host=10.0.0.9
            [pgbouncer]
            listen_port = 6543
            auth_type = scram-sha-256
            auth_file = userlist.txt
            pool_mode = transaction
            default_pool_size = 15
            max_client_conn = 400
            query_wait_timeout = 2.5
            server_lifetime = 0
            server_reset_query = DISCARD ALL
            logfile = /dev/null
            admin_users = app
            stats_users = old, nobody
            max_db_connections = 50
            server_check_magic = 1
            """);
        PgBouncerFile.Result result = PgBouncerFile.read(folder.resolve("pgbouncer.ini"));
        assertThat(result.port()).isEqualTo(6543);
        assertThat(result.section().toString())
                .isEqualTo("{databases={shop={users={app={password={file=secrets/app}},"
                        + " old={verifier={file=secrets/old}}}, loopback=scram, pool={mode=transaction, size=7,"
                        + " max-database=50, wait=2500ms}, shards={s0={primary=10.0.0.1:5433,"
                        + " database=store}}}, fixed={users={app={password={file=secrets/app},"
                        + " server-user=owner, server-password={file=secrets/fixed.owner.server}},"
                        + " old={verifier={file=secrets/old}, server-user=owner,"
                        + " server-password={file=secrets/fixed.owner.server}}}, loopback=scram,"
                        + " pool={mode=transaction, size=15, max-database=50, wait=2500ms},"
                        + " shards={s0={primary=10.0.0.2:5432}}}},"
                        + " console={admin-users={app={password={file=secrets/app}}},"
                        + " stats-users={old={verifier={file=secrets/old}}}}, clients=400}");
        assertThat(result.secrets())
                .containsEntry("secrets/app", "pencil")
                .containsEntry("secrets/fixed.owner.server", "it's");
        assertThat(result.notes())
                .containsExactly(
                        "pgbouncer.ini:4: databases.fixed.connect_query: not taken over",
                        "pgbouncer.ini:5: databases.*: not taken over: name each database",
                        "pgbouncer.ini:18: stats_users: nobody has no password in auth_file: name it in console"
                                + " yourself",
                        "pgbouncer.ini:20: server_check_magic: not taken over");
    }

    @Test
    void whoLooksUsersUpHasItsPasswordOrANote() throws Exception {
        Files.writeString(folder.resolve("users.txt"), """
            "a@x" "one"
            "a_x" "two"
            "hashed" "md50123456789abcdef0123456789abcdef"
            """);
        Path file = Files.writeString(folder.resolve("q.ini"), """
            [databases]
            shop = host=10.0.0.1
            [pgbouncer]
            auth_file = users.txt
            auth_user = a_x
            """);
        PgBouncerFile.Result result = PgBouncerFile.read(file);
        assertThat(result.section().toString()).contains("auth-query={user=a_x, password={file=secrets/a_x-2}}");
        assertThat(result.secrets()).containsEntry("secrets/a_x", "one").containsEntry("secrets/a_x-2", "two");
        assertThat(result.notes()).isEmpty();
        Files.writeString(file, Files.readString(file).replace("auth_user = a_x", "auth_user = hashed"));
        assertThat(PgBouncerFile.read(file).notes())
                .containsExactly("q.ini:5: auth_user: hashed has no plain password in auth_file: give auth-query one");
    }

    @Test
    void aLineThatIsNotOneIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("x.ini"), "[pgbouncer]\nnonsense\n");
        assertThatThrownBy(() -> PgBouncerFile.read(file)).hasMessageStartingWith("x.ini:2: nonsense");
    }
}
