package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that people have, unchanged. */
@Timeout(60)
class ProgramsIT {
    /** Debian's own, which has the module. */
    private static final String PYTHON = "/usr/bin/python3";

    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().single(state, "pool: { size: 3 }");
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static String port() {
        return String.valueOf(Cluster.port(Objects.requireNonNull(proxy)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "prepared"})
    @RequiresPeer("pgbench")
    void pgbenchRunsItsTransactions(String protocol) throws Exception {
        Program.run(Map.of(), "pgbench", "-h", "127.0.0.1", "-p", port(), "-U", "shop", "-i", "-q", "-s", "1", "shop");
        String output = Program.run(
                Map.of(),
                "pgbench",
                "-h",
                "127.0.0.1",
                "-p",
                port(),
                "-U",
                "shop",
                "-n",
                "-M",
                protocol,
                "-c",
                clients(protocol),
                "-t",
                "20",
                "shop");
        assertThat(output).contains("number of failed transactions: 0");
        assertThat(output).doesNotContain("aborted");
    }

    /** pgbench waits in PQprepare for one client while others are in a transaction: with less connections it stops itself. */
    private static String clients(String protocol) {
        return protocol.equals("prepared") ? "3" : "8";
    }

    @ParameterizedTest
    @ValueSource(strings = {"True", "False"})
    @RequiresPeer({"python3", "pgbouncer"}) // deploy/bench/peers installs psycopg2 beside them
    void psycopg2ReadsAndWrites(String autocommit) throws Exception {
        String script = """
            import psycopg2
            c = psycopg2.connect(host='127.0.0.1', port=%s, user='shop', dbname='shop')
            c.autocommit = %s
            k = c.cursor()
            k.execute('CREATE TABLE IF NOT EXISTS from_python (a int, b text)')
            k.execute('TRUNCATE from_python')
            k.executemany('INSERT INTO from_python VALUES (%%s, %%s)', [(1, 'x'), (2, None)])
            import io
            k.copy_expert('COPY from_python FROM STDIN', io.StringIO('3\\tz\\n'))
            k.execute('SELECT a, b FROM from_python WHERE a = ANY(%%s) ORDER BY a', ([1, 2, 3],))
            rows = k.fetchall()
            if not c.autocommit: c.commit()
            assert rows == [(1, 'x'), (2, None), (3, 'z')], rows
            try:
                k.execute('SELEC 1')
            except psycopg2.errors.SyntaxError as e:
                if not c.autocommit: c.rollback()
            k.execute('SELECT 1'); assert k.fetchone() == (1,)
            print('well')
            """.formatted(port(), autocommit);
        assertThat(Program.run(Map.of(), "env", PYTHON, "-c", script)).contains("well");
    }
}
