package io.plinth.deploy.db;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.DbProxyConfig;
import io.plinth.dbproxy.DbProxyMain;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DbCommandTest {
    @TempDir
    Path folder;

    private String run(String... arguments) {
        StringWriter out = new StringWriter();
        int code = new CommandLine(new DbCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(out))
                .execute(arguments);
        assertThat(code).as(out.toString()).isZero();
        return out.toString();
    }

    @Test
    void whatItPrintsIsAFileThatTheProxyTakes() throws Exception {
        Files.writeString(folder.resolve("userlist.txt"), "\"app\" \"pencil\"\n");
        Path ini = Files.writeString(folder.resolve("pgbouncer.ini"), """
            [databases]
            shop = host=10.0.0.1 port=5433 pool_size=7
            [pgbouncer]
            auth_type = scram-sha-256
            auth_file = userlist.txt
            admin_users = app
            pool_mode = transaction
            tcp_user_timeout = 5
            """);
        String printed = run("import", "pgbouncer", ini.toString(), "--secrets-below", folder.toString());
        assertThat(printed)
                .contains("# pgbouncer.ini:8: tcp_user_timeout: not taken over")
                .doesNotContain("pencil");
        assertThat(folder.resolve("secrets/app")).hasContent("pencil");
        Path file = Files.writeString(folder.resolve("plinth.yaml"), "stack: test\n" + printed);
        StackFile read = StackFiles.read(file, List.of(DbProxyMain.TYPE), Map.of(), Map.of());
        DbProxyConfig config =
                read.section(Objects.requireNonNull(read.stack().nodes().get("db")), DbProxyConfig.class);
        assertThat(Objects.requireNonNull(config.databases().get("shop")).pool().size())
                .isEqualTo(7);
        assertThat(config.console().adminUsers()).containsKey("app");
    }

    @Test
    void passwordsAreNeverPrinted() throws Exception {
        Files.writeString(folder.resolve("userlist.txt"), "\"app\" \"pencil\"\n");
        Path ini = Files.writeString(
                folder.resolve("pgbouncer.ini"), "[databases]\nshop = host=h\n[pgbouncer]\nauth_file = userlist.txt\n");
        assertThat(run("import", "pgbouncer", ini.toString()))
                .contains("# secrets/app: to be written")
                .doesNotContain("pencil");
    }
}
