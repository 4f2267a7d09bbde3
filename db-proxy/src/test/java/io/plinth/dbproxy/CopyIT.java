package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.postgres.PostgresServer;
import io.plinth.testkit.BreakingRelay;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

/** COPY of a sharded table: each row goes to its shard, and comes from it. */
@Timeout(120)
class CopyIT {
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().proxy(state, "pool: { size: 6 }");
        try (Connection connection = connect()) {
            run(connection, "DROP TABLE IF EXISTS sessions");
            run(connection, "CREATE TABLE sessions (id int, name text, note text DEFAULT 'made')");
        }
    }

    @BeforeEach
    void empty() throws Exception {
        try (Connection connection = connect()) {
            run(connection, "TRUNCATE sessions");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static Connection connect() throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), "");
    }

    private static CopyManager copies(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getCopyAPI();
    }

    /** Rows are made by one server, copied through the proxy, and told the same by it. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '!',
            value = {
                "(FORMAT text)",
                "(FORMAT csv)",
                "(FORMAT csv, HEADER true, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'nix')",
                "(FORMAT binary)",
                "WITH DELIMITER AS '|' NULL AS ''",
                "CSV HEADER",
            })
    void whatOneServerCopiesOutIsCopiedInByRows(String options) throws Exception {
        String made = "SELECT i AS id, 'n' || i || E' \\t,;|\\\\\\n"
                + "\"''ä' AS name, CASE WHEN i % 3 = 0 THEN NULL ELSE E'x\\n"
                + "y' END AS note FROM generate_series(1, 500) i";
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        ByteArrayOutputStream sorted = new ByteArrayOutputStream();
        String some = "COPY (SELECT id, name, note FROM %s ORDER BY 1 DESC LIMIT 300 OFFSET 7) TO STDOUT " + options;
        try (Connection direct = Cluster.shared().direct(0)) {
            copies(direct).copyOut("COPY (" + made + ") TO STDOUT " + options, whole);
            run(direct, "CREATE TEMP TABLE expected AS " + made);
            copies(direct).copyOut(some.formatted("expected"), sorted);
        }
        try (Connection connection = connect()) {
            assertThat(copies(connection)
                            .copyIn(
                                    "COPY sessions FROM STDIN " + options,
                                    new ByteArrayInputStream(whole.toByteArray()),
                                    777))
                    .isEqualTo(500);
            assertThat(text(connection, "SELECT count(*) FROM sessions")).isEqualTo("500");
            for (int i = 1; i <= 500; i += 83) {
                assertThat(text(connection, "SELECT id FROM sessions WHERE name = 'n" + i + "'"))
                        .isEmpty();
                assertThat(text(connection, "SELECT id FROM sessions WHERE name = 'n" + i + " \t,;|\\\n\"''ä'"))
                        .isEqualTo("" + i);
            }
            ByteArrayOutputStream merged = new ByteArrayOutputStream();
            assertThat(copies(connection).copyOut(some.formatted("sessions"), merged))
                    .isEqualTo(300);
            assertThat(merged.toByteArray()).isEqualTo(sorted.toByteArray());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            assertThat(copies(connection).copyOut("COPY sessions TO STDOUT " + options, out))
                    .isEqualTo(500);
            run(connection, "TRUNCATE sessions");
            assertThat(copies(connection)
                            .copyIn("COPY sessions FROM STDIN " + options, new ByteArrayInputStream(out.toByteArray())))
                    .isEqualTo(500);
            if (!options.contains("binary")) {
                List<String> lines =
                        Arrays.asList(out.toString(StandardCharsets.UTF_8).split("\n(?=[0-9])"));
                List<String> expected =
                        Arrays.asList(whole.toString(StandardCharsets.UTF_8).split("\n(?=[0-9])"));
                assertThat(lines.stream().map(String::strip))
                        .containsExactlyInAnyOrderElementsOf(
                                expected.stream().map(String::strip).toList());
            }
        }
        for (int shard = 0; shard < 2; shard++) {
            try (Connection direct = Cluster.shared().direct(shard)) {
                assertThat(Integer.parseInt(text(direct, "SELECT count(*) FROM sessions")))
                        .isBetween(150, 350);
            }
        }
    }

    @Test
    void optionsThatTellTheKeyAllTheSameAreTaken() throws Exception {
        try (Connection connection = connect()) {
            assertThat(copies(connection)
                            .copyIn(
                                    "COPY sessions (id, name, note) FROM STDIN (FORMAT csv, ENCODING 'utf-8',"
                                            + " FORCE_NOT_NULL (note), DEFAULT 'dflt', ON_ERROR ignore, HEADER)",
                                    new StringReader("id,name,note\n1,a,\n2,b,dflt\nx,c,lost\n3,d,\"y\"\n")))
                    .isEqualTo(3);
            assertThat(text(connection, "SELECT count(*) FROM sessions WHERE note = ''"))
                    .isEqualTo("1");
            assertThat(text(connection, "SELECT count(*) FROM sessions WHERE note = 'made'"))
                    .isEqualTo("1");
            StringWriter out = new StringWriter();
            copies(connection).copyOut("COPY sessions (note) TO STDOUT CSV FORCE QUOTE note", out);
            assertThat(out.toString().split("\n")).containsExactlyInAnyOrder("\"\"", "\"made\"", "\"y\"");
        }
    }

    @Test
    void queriesAreCopiedFromOneShardOrFromAllWithoutAnOrder() throws Exception {
        try (Connection connection = connect()) {
            copies(connection)
                    .copyIn("COPY sessions FROM STDIN", new StringReader("1\ta\tx\n2\tb\tx\n3\tc\ty\n4\td\tx\n"));
            StringWriter all = new StringWriter();
            assertThat(copies(connection)
                            .copyOut(
                                    "COPY (SELECT name, id * 10 FROM sessions WHERE note = 'x') TO STDOUT CSV HEADER",
                                    all))
                    .isEqualTo(3);
            assertThat(all.toString()).startsWith("name,?column?\n");
            assertThat(all.toString().split("\n")).containsExactlyInAnyOrder("name,?column?", "a,10", "b,20", "d,40");
            StringWriter one = new StringWriter();
            copies(connection).copyOut("COPY (SELECT id FROM sessions WHERE name = 'c' ORDER BY id) TO STDOUT", one);
            assertThat(one.toString()).isEqualTo("3\n");
            Map<String, String> merged = Map.of(
                    "SELECT id FROM sessions ORDER BY id DESC) TO STDOUT",
                    "4\n3\n2\n1\n",
                    "SELECT note, sum(id), avg(id) FROM sessions GROUP BY note ORDER BY 2) TO STDOUT CSV FORCE QUOTE"
                            + " note",
                    "\"y\",3,3.0000000000000000\n\"x\",7,2.3333333333333333\n",
                    "SELECT id FROM sessions ORDER BY note COLLATE \"C\" DESC LIMIT 1) TO STDOUT",
                    "3\n",
                    "SELECT id FROM sessions WHERE name IN ('a', 'b', 'c', 'd') AND note = 'y') TO STDOUT",
                    "3\n",
                    "SELECT max(id) AS m FROM sessions WHERE name IN ('a', 'b', 'c', 'd')) TO STDOUT (HEADER)",
                    "m\n4\n");
            for (Map.Entry<String, String> each : merged.entrySet()) {
                StringWriter out = new StringWriter();
                copies(connection).copyOut("COPY (" + each.getKey(), out);
                assertThat(out.toString()).as(each.getKey()).isEqualTo(each.getValue());
            }
            for (String wrong : List.of("(QUOTE '!')", "(FORMAT csv, FORCE_QUOTE (missing))", "(ENCODING latin1)")) {
                assertThatThrownBy(() -> copies(connection)
                                .copyOut(
                                        "COPY (SELECT id FROM sessions ORDER BY id) TO STDOUT " + wrong,
                                        new StringWriter()))
                        .satisfies(e ->
                                assertThat(((SQLException) e).getSQLState()).isIn("0A000", "42703"));
            }
        }
    }

    @Test
    void largeCopiesWithPiecesOfAnySizeLoseNothing() throws Exception {
        Random random = new Random(5);
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            rows.append(i)
                    .append('\t')
                    .append("k")
                    .append(i % 997)
                    .append('\t')
                    .append("x".repeat(i % 300))
                    .append('\n');
        }
        byte[] bytes = rows.toString().getBytes(StandardCharsets.UTF_8);
        try (Connection connection = connect()) {
            CopyIn in = copies(connection).copyIn("COPY sessions (id, name, note) FROM STDIN");
            int at = 0;
            while (at < bytes.length) {
                int piece = Math.min(bytes.length - at, 1 + random.nextInt(50_000));
                in.writeToCopy(bytes, at, piece);
                at += piece;
            }
            assertThat(in.endCopy()).isEqualTo(20_000);
            assertThat(text(connection, "SELECT sum(id) FROM sessions")).isEqualTo("199990000");
            assertThat(text(connection, "SELECT count(*) FROM sessions WHERE name = 'k5'"))
                    .isEqualTo("21");
        }
    }

    /** One shard takes data already, the other one waits for a lock: the servers themselves must be told. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCopyThatWaitsForAShardEndsWhenItsClientCancelsOrLeaves(boolean cancels) throws Exception {
        try (Connection connection = connect();
                Connection locker = Cluster.shared().direct(1);
                Connection watcher = Cluster.shared().direct(1);
                Connection other = Cluster.shared().direct(0)) {
            locker.setAutoCommit(false);
            run(locker, "LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE");
            CompletableFuture<String> ended = CompletableFuture.supplyAsync(() -> {
                try {
                    copies(connection).copyIn("COPY sessions FROM STDIN");
                    return "begun";
                } catch (SQLException e) {
                    return String.valueOf(e.getSQLState());
                }
            });
            String copying = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    + " AND query LIKE 'COPY sessions FROM%' AND state <> 'idle'";
            await(
                    "the copy waits",
                    () -> text(watcher, copying + " AND wait_event_type = 'Lock'")
                            .equals("1"));
            if (cancels) {
                connection.unwrap(PGConnection.class).cancelQuery();
                assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("57014");
            } else {
                connection.abort(Runnable::run);
            }
            await(
                    "nothing of it is left",
                    () -> text(watcher, copying).equals("0")
                            && text(other, copying).equals("0"));
            locker.rollback();
            if (cancels) {
                assertThat(text(connection, "SELECT count(*) FROM sessions")).isEqualTo("0");
            }
        }
    }

    /** s0 takes data already, s1 too until its connection is lost, and s2 has not answered what it was asked first. */
    @Test
    void aShardLostWhileTheNextOneIsAskedIsNotMixedUpWithIt(@TempDir Path state) throws Exception {
        PostgresServer first = Cluster.shared().primary(0);
        PostgresServer second = Cluster.shared().primary(1);
        try (BreakingRelay lost = BreakingRelay.to(new InetSocketAddress("127.0.0.1", first.port()));
                BreakingRelay slow = BreakingRelay.to(new InetSocketAddress("127.0.0.1", second.port()));
                RunningNode three = threeShards(state, first.port(), lost.port(), slow.port());
                RawClient client = RawClient.session(Cluster.port(three));
                RawClient other = RawClient.session(Cluster.port(three));
                Connection s0 = Cluster.shared().direct(0);
                Connection s2 = Cluster.shared().direct(1)) {
            for (Connection each : List.of(s0, s2)) {
                run(each, "DROP TABLE IF EXISTS threefold");
                run(each, "CREATE TABLE threefold (id int)");
            }
            for (String shard : List.of("s0", "s1", "s2")) {
                assertThat(client.query("SELECT 1 /* plinth: shard=" + shard + " */"))
                        .endsWith("Z(I)");
            }
            slow.stall(BreakingRelay.Direction.FROM_TARGET);
            client.send(out -> FrontendWriter.query(out, "COPY threefold FROM STDIN".getBytes(StandardCharsets.UTF_8)));
            String sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop' AND query ";
            await(
                    "two shards take data",
                    () -> text(s0, sessions + "= 'COPY threefold FROM STDIN' AND wait_event = 'ClientRead'")
                            .equals("2"));
            await("the third one is asked", () -> text(s2, sessions + "= ';'").equals("1"));
            lost.cut(BreakingRelay.Cut.RESET);
            // Sent once the first shard has rolled back.
            await(
                    "nothing goes on but for the end",
                    () -> text(s2, sessions + "= 'ROLLBACK'").equals("1"));
            slow.heal();
            // Nothing of the client's was sent yet, so all of it is done once more.
            assertThat(client.until('G')).isEqualTo("G");
            data(client, "1\n2\n3\n4\n5\n6\n");
            client.send(out -> FrontendWriter.bare(out, Frontend.COPY_DONE));
            assertThat(client.untilReady()).isEqualTo("C(COPY 6) Z(I)");
            int rows = 0;
            for (Connection each : List.of(s0, s2)) {
                rows += Integer.parseInt(text(each, "SELECT count(*) FROM threefold"));
                run(each, "DROP TABLE threefold");
            }
            assertThat(rows).isEqualTo(6);
            for (String shard : List.of("s0", "s2")) {
                String pid = "SELECT pg_backend_pid() /* plinth: shard=" + shard + " */";
                client.query("BEGIN");
                other.query("BEGIN");
                assertThat(client.query(pid)).endsWith("Z(T)").isNotEqualTo(other.query(pid));
                assertThat(client.query("COMMIT")).isEqualTo("C(COMMIT) Z(I)");
                assertThat(other.query("COMMIT")).isEqualTo("C(COMMIT) Z(I)");
            }
        }
    }

    private static RunningNode threeShards(Path state, int... ports) throws Exception {
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 1 }
            db-proxy:
              databases:
                shop:
                  failover-wait: 300s
                  shards:
                    s0: { primary: 127.0.0.1:%d }
                    s1: { primary: 127.0.0.1:%d }
                    s2: { primary: 127.0.0.1:%d }
                  tables: { threefold: { key: id, by: hash } }
            """.formatted(ports[0], ports[1], ports[2]));
        return Cluster.start(file);
    }

    @Test
    void whatIsBoundForSeveralShardsIsNotDoneBeforeItIsExecuted() throws Exception {
        String sql = "INSERT INTO sessions VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'), (6, 'f')";
        try (RawClient client = RawClient.session(Cluster.port(Objects.requireNonNull(proxy)))) {
            client.send(out -> {
                FrontendWriter.parse(out, "", sql.getBytes(StandardCharsets.UTF_8), new int[0]);
                FrontendWriter.bind(out, "", "", new byte[6], 0);
                FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.PORTAL, "");
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            assertThat(client.untilReady()).isEqualTo("E(0A000) Z(I)");
            assertThat(client.query("SELECT count(*) FROM sessions")).contains("D(0)");
        }
    }

    @Test
    void theExtendedProtocolCopiesToo() throws Exception {
        try (RawClient client = RawClient.session(Cluster.port(Objects.requireNonNull(proxy)))) {
            client.send(out -> {
                FrontendWriter.parse(
                        out, "in", "COPY sessions FROM STDIN".getBytes(StandardCharsets.UTF_8), new int[0]);
                FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.STATEMENT, "in");
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            assertThat(client.untilReady()).isEqualTo("1 t n Z(I)");
            for (int round = 0; round < 2; round++) {
                execute(client, "in", "");
                assertThat(client.until('G')).isEqualTo("2nG");
                data(client, "1\ta\tx\n2\tb\ty\n");
                data(client, "3\tc\tz\n");
                end(client);
                assertThat(client.untilReady()).isEqualTo("C(COPY 3) Z(I)");
            }
            execute(client, "in", "");
            client.until('G');
            data(client, "4\td\tx\nnone\te\ty\n");
            end(client);
            assertThat(client.untilReady()).isEqualTo("E(22P02) Z(I)");
            execute(client, "", "COPY sessions (nothing) FROM STDIN");
            assertThat(client.untilReady()).isEqualTo("E(0A000) Z(I)");
            execute(client, "", "COPY (SELECT id FROM sessions WHERE note <> 'z') TO STDOUT");
            assertThat(client.untilReady()).isEqualTo("1 2 n H d d d d c C(COPY 4) Z(I)");
            execute(client, "", "COPY (SELECT id FROM sessions ORDER BY id LIMIT 3) TO STDOUT (FORMAT binary)");
            assertThat(client.untilReady()).isEqualTo("1 2 n H d d d d d c C(COPY 3) Z(I)");
            assertThat(client.query("SELECT count(*) FROM sessions")).contains("D(6)");
        }
    }

    /** Binds and executes as libpq does; parses first where there is a text. */
    private static void execute(RawClient client, String name, String sql) throws Exception {
        client.send(out -> {
            if (!sql.isEmpty()) {
                FrontendWriter.parse(out, name, sql.getBytes(StandardCharsets.UTF_8), new int[0]);
            }
            FrontendWriter.bind(out, "", name, new byte[6], 0);
            FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.PORTAL, "");
            FrontendWriter.execute(out, "", 0);
            FrontendWriter.bare(out, Frontend.SYNC);
        });
    }

    private static void data(RawClient client, String rows) throws Exception {
        client.send(out -> FrontendWriter.raw(out, Frontend.COPY_DATA, rows.getBytes(StandardCharsets.UTF_8)));
    }

    private static void end(RawClient client) throws Exception {
        client.send(out -> {
            FrontendWriter.bare(out, Frontend.COPY_DONE);
            FrontendWriter.bare(out, Frontend.SYNC);
        });
    }

    @Test
    void anErrorLeavesNoRowOnAnyShardAndTheConnectionInOrder() throws Exception {
        try (Connection connection = connect()) {
            for (String wrong : List.of(
                    "1\ta\tx\nnone\tb\ty\n", // not a number: the server's error
                    "1\ta\tx\n2\t\\N\ty\n", // no key
                    "1\ta\tx\n2\n")) {
                String many = "7\tz\tq\n".repeat(5000);
                assertThatThrownBy(() ->
                                copies(connection).copyIn("COPY sessions FROM STDIN", new StringReader(wrong + many)))
                        .isInstanceOf(SQLException.class);
                assertThat(text(connection, "SELECT count(*) FROM sessions")).isEqualTo("0");
            }
            CopyIn in = copies(connection).copyIn("COPY sessions FROM STDIN");
            in.writeToCopy("1\ta\tx\n".getBytes(StandardCharsets.UTF_8), 0, 6);
            in.cancelCopy();
            assertThat(text(connection, "SELECT count(*) FROM sessions")).isEqualTo("0");
            assertThatThrownBy(() -> copies(connection)
                            .copyIn("COPY sessions (id, note) FROM STDIN", new StringReader("1\tx\n")))
                    .hasMessageContaining("must give name");
            assertThatThrownBy(
                            () -> copies(connection).copyOut("COPY sessions (nothing) TO STDOUT", new StringWriter()))
                    .isInstanceOf(SQLException.class);
            assertThat(copies(connection).copyIn("COPY sessions FROM STDIN", new StringReader("1\ta\tx")))
                    .isEqualTo(1);
            StringWriter out = new StringWriter();
            copies(connection).copyOut("COPY sessions (name) TO STDOUT", out);
            assertThat(out.toString()).isEqualTo("a\n");
        }
    }
}
