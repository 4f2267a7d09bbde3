package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.kit.lifecycle.RunningNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Messages one by one: what drivers do rarely, and what they never should. */
@Timeout(120)
class ProtocolIT {
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().proxy(state, "pool: { size: 2 }\nread-your-writes: database\n");
        try (Connection connection = Cluster.connect(proxy, "")) {
            Cluster.run(connection, "DROP TABLE IF EXISTS orders");
            Cluster.run(connection, "CREATE TABLE orders (id bigint, user_id bigint)");
            Cluster.run(connection, "DROP TABLE IF EXISTS plain");
            Cluster.run(connection, "CREATE TABLE plain (id int PRIMARY KEY)");
        }
    }

    @AfterAll
    static void stop() {
        Objects.requireNonNull(proxy).close();
    }

    private static RawClient session() throws Exception {
        return RawClient.session(port());
    }

    private static int port() {
        return Cluster.port(Objects.requireNonNull(proxy));
    }

    @Test
    void severalStatementsInOneQueryAreOneTransaction() throws Exception {
        try (RawClient client = session()) {
            assertThat(client.query("SELECT 1; SELECT 2")).isEqualTo("T D(1) C(SELECT 1) T D(2) C(SELECT 1) Z(I)");
            assertThat(client.query("INSERT INTO plain VALUES (1); SELECT 1/0")).endsWith("E(22012) Z(I)");
            assertThat(client.query("SELECT count(*) FROM plain")).isEqualTo("T D(0) C(SELECT 1) Z(I)");
            assertThat(client.query("")).isEqualTo("I Z(I)");
        }
    }

    @Test
    void aTransactionBegunBeforeItsServerIsKnownBehavesLikeAnyOther() throws Exception {
        try (RawClient client = session()) {
            assertThat(client.query("BEGIN")).isEqualTo("C(BEGIN) Z(T)");
            assertThat(client.query("COMMIT")).isEqualTo("C(COMMIT) Z(I)");
            assertThat(client.query("BEGIN")).isEqualTo("C(BEGIN) Z(T)");
            assertThat(client.query("INSERT INTO orders (id, user_id) VALUES (1, 900)"))
                    .isEqualTo("C(INSERT 0 1) Z(T)");
            assertThat(client.query("SELECT count(DISTINCT id) FROM orders")).isEqualTo("E(0A000) Z(E)");
            assertThat(client.query("SELECT 1")).isEqualTo("E(25P02) Z(E)");
            assertThat(client.query("COMMIT")).isEqualTo("C(ROLLBACK) Z(I)");
            assertThat(client.query("SELECT count(*) FROM orders WHERE user_id = 900"))
                    .contains("D(0)");
            assertThat(client.query("BEGIN")).isEqualTo("C(BEGIN) Z(T)");
            assertThat(client.query("SELECT count(DISTINCT id) FROM orders")).isEqualTo("E(0A000) Z(E)");
            assertThat(client.query("SELECT 1")).isEqualTo("E(25P02) Z(E)");
            assertThat(client.query("COMMIT")).isEqualTo("C(ROLLBACK) Z(I)");
            assertThat(client.query("BEGIN; SELECT 1; COMMIT")).endsWith("C(COMMIT) Z(I)");
        }
    }

    @Test
    void savepointsWorkAfterARefusal() throws Exception {
        try (RawClient client = session()) {
            client.query("BEGIN");
            assertThat(client.query("INSERT INTO orders (id, user_id) VALUES (1, 901)"))
                    .endsWith("Z(T)");
            assertThat(client.query("SAVEPOINT a")).isEqualTo("C(SAVEPOINT) Z(T)");
            assertThat(client.query("UPDATE orders SET id = 2")).isEqualTo("E(0A000) Z(E)");
            assertThat(client.query("ROLLBACK TO a")).isEqualTo("C(ROLLBACK) Z(T)");
            assertThat(client.query("COMMIT")).isEqualTo("C(COMMIT) Z(I)");
            assertThat(client.query("SELECT id FROM orders WHERE user_id = 901"))
                    .contains("D(1)");
            client.query("DELETE FROM orders WHERE user_id = 901");
        }
    }

    @Test
    void anErrorInAPipelineSkipsToSyncAndLeavesNoNameBehind() throws Exception {
        try (RawClient client = session()) {
            client.send(out -> {
                parse(out, "good", "SELECT 1");
                parse(out, "bad", "SELECT nothing FROM nowhere");
                bind(out, "good");
                FrontendWriter.execute(out, "", 0);
                FrontendWriter.bare(out, Frontend.SYNC);
                bind(out, "good");
                FrontendWriter.execute(out, "", 0);
                FrontendWriter.bare(out, Frontend.SYNC);
                bind(out, "bad");
                FrontendWriter.bare(out, Frontend.SYNC);
                parse(out, "good", "SELECT 2");
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            assertThat(client.untilReady()).isEqualTo("1 E(42P01) Z(I)");
            assertThat(client.untilReady()).isEqualTo("2 D(1) C(SELECT 1) Z(I)");
            assertThat(client.untilReady()).isEqualTo("E(26000) Z(I)");
            assertThat(client.untilReady()).isEqualTo("E(42P05) Z(I)");
            assertThat(client.query("DEALLOCATE good")).isEqualTo("C(DEALLOCATE) Z(I)");
            client.send(out -> {
                bind(out, "good");
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            assertThat(client.untilReady()).isEqualTo("E(26000) Z(I)");
        }
    }

    @Test
    void flushBringsRepliesBeforeSync() throws Exception {
        try (RawClient client = session()) {
            client.send(out -> {
                parse(out, "", "SELECT 5");
                FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.STATEMENT, "");
                FrontendWriter.bare(out, Frontend.FLUSH);
            });
            assertThat(client.oneByte()).isEqualTo((byte) '1');
            client.send(out -> {
                bind(out, "");
                FrontendWriter.execute(out, "", 0);
                FrontendWriter.named(out, Frontend.CLOSE, Frontend.STATEMENT, "");
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            client.socket.getInputStream().skipNBytes(4);
            assertThat(client.untilReady()).isEqualTo("t T 2 D(5) C(SELECT 1) 3 Z(I)");
        }
    }

    @Test
    void twoClientsShareAStatementOnAServerConnectionUnderTheirOwnNames() throws Exception {
        try (RawClient a = session();
                RawClient b = session()) {
            for (RawClient client : new RawClient[] {a, b, a, b}) {
                String name = client == a ? "x" : "y";
                client.send(out -> {
                    parse(out, name, "SELECT 77");
                    bind(out, name);
                    FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.PORTAL, "");
                    FrontendWriter.execute(out, "", 0);
                    FrontendWriter.named(out, Frontend.CLOSE, Frontend.STATEMENT, name);
                    FrontendWriter.bare(out, Frontend.SYNC);
                });
                assertThat(client.untilReady()).isEqualTo("1 2 T D(77) C(SELECT 1) 3 Z(I)");
            }
        }
    }

    @Test
    void encryptionIsDeclinedAndNewerVersionsAreNegotiatedDown() throws Exception {
        try (RawClient client = new RawClient(port())) {
            client.send(FrontendWriter::sslRequest);
            assertThat(client.oneByte()).isEqualTo((byte) 'N');
            client.send(out -> out.writeInt(8).writeInt(80_877_104));
            assertThat(client.oneByte()).isEqualTo((byte) 'N');
            byte[] rest = "user\0shop\0_pq_.x\0y\0\0".getBytes(StandardCharsets.US_ASCII);
            client.send(
                    out -> out.writeInt(8 + rest.length).writeInt(3 << 16 | 2).writeBytes(rest));
            assertThat(client.untilReady()).startsWith("v(2) R").endsWith("Z(I)");
            assertThat(client.query("SELECT 1")).contains("D(1)");
        }
    }

    @Test
    void whatIsNotTheProtocolEndsInItsOwnError() throws Exception {
        try (RawClient client = session()) {
            client.send(out -> out.writeByte('Q').writeInt(6).writeShort(0x4141));
            assertThat(client.untilReady()).isEqualTo("E(08P01) closed");
        }
        try (RawClient client = session()) {
            client.send(out -> out.writeByte('Q').writeInt(Integer.MAX_VALUE));
            assertThat(client.untilReady()).isEqualTo("E(54000) closed");
        }
        try (RawClient client = new RawClient(port())) {
            client.send(out -> out.writeInt(8).writeInt(2 << 16));
            assertThat(client.untilReady()).isEqualTo("E(0A000) closed");
        }
        try (RawClient client = new RawClient(port())) {
            byte[] rest = "user\0nobody\0database\0shop\0\0".getBytes(StandardCharsets.US_ASCII);
            client.send(out -> out.writeInt(8 + rest.length).writeInt(3 << 16).writeBytes(rest));
            client.send(out -> FrontendWriter.raw(out, Frontend.PASSWORD, new byte[] {1}));
            assertThat(client.untilReady()).isEqualTo("R E(08P01) closed");
        }
    }

    @Test
    void aClientThatLeavesInTheMiddleLeavesNothingForTheNext() throws Exception {
        for (int i = 0; i < 10; i++) {
            try (RawClient gone = session()) {
                gone.query("BEGIN");
                gone.query("INSERT INTO plain VALUES (" + (100 + i) + ")");
                gone.send(out -> FrontendWriter.query(
                        out, "SELECT generate_series(1, 1000000)".getBytes(StandardCharsets.US_ASCII)));
            }
            try (RawClient next = session()) {
                assertThat(next.query("SELECT count(*) FROM plain WHERE id >= 100"))
                        .contains("D(0)")
                        .endsWith("Z(I)");
                assertThat(next.query("INSERT INTO plain VALUES (50)")).isEqualTo("C(INSERT 0 1) Z(I)");
                assertThat(next.query("DELETE FROM plain WHERE id = 50")).isEqualTo("C(DELETE 1) Z(I)");
            }
        }
    }

    @Test
    void copyInTheExtendedProtocolTakesDataAfterItsSync() throws Exception {
        try (RawClient client = session()) {
            client.send(out -> {
                parse(out, "", "COPY plain FROM STDIN");
                bind(out, "");
                FrontendWriter.execute(out, "", 0);
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            assertThat(client.oneByte()).isEqualTo((byte) '1');
            client.send(out -> {
                FrontendWriter.raw(out, Frontend.COPY_DATA, "7\n8\n".getBytes(StandardCharsets.US_ASCII));
                FrontendWriter.bare(out, Frontend.COPY_DONE);
                FrontendWriter.bare(out, Frontend.SYNC);
            });
            client.socket.getInputStream().skipNBytes(4);
            assertThat(client.untilReady()).endsWith("C(COPY 2) Z(I)");
            assertThat(client.query("DELETE FROM plain WHERE id IN (7, 8)")).isEqualTo("C(DELETE 2) Z(I)");
        }
    }

    private static void parse(ByteBuf out, String name, String sql) {
        FrontendWriter.parse(out, name, sql.getBytes(StandardCharsets.UTF_8), new int[0]);
    }

    private static void bind(ByteBuf out, String statement) {
        FrontendWriter.bind(out, "", statement, new byte[6], 0);
    }
}
