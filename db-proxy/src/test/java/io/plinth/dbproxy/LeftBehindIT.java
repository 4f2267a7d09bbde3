package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.kit.lifecycle.RunningNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a client leaves behind in a server's session by ways that are not seen at once: nobody else may find it. */
@Timeout(120)
class LeftBehindIT {
    private static final int OTHERS = 4;
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().single(state, "pool: { size: 8 }\nread-your-writes: off");
        try (Connection connection = Cluster.connect(proxy, "")) {
            Cluster.run(connection, "DROP TABLE IF EXISTS rest");
            Cluster.run(connection, "CREATE TABLE rest (id int)");
        }
    }

    @AfterAll
    static void stop() {
        Objects.requireNonNull(proxy).close();
    }

    private static RawClient session() throws Exception {
        return RawClient.session(Cluster.port(Objects.requireNonNull(proxy)));
    }

    /** What other clients, on every loop, are told; the same for all. */
    private static String others(String sql) throws Exception {
        List<RawClient> clients = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        try {
            for (int i = 0; i < OTHERS; i++) {
                RawClient client = session();
                clients.add(client);
                answers.add(client.query(sql));
            }
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
        assertThat(answers).containsOnly(answers.getFirst());
        return answers.getFirst();
    }

    private static Consumer<ByteBuf> extended(String sql, int rows, byte end) {
        return out -> {
            FrontendWriter.parse(out, "", sql.getBytes(StandardCharsets.UTF_8), new int[0]);
            FrontendWriter.bind(out, "", "", new byte[6], 0);
            FrontendWriter.execute(out, "", rows);
            FrontendWriter.bare(out, end);
        };
    }

    @Test
    void aTransactionThatNoSyncHasEndedEndsWithItsClient() throws Exception {
        try (RawClient gone = session()) {
            gone.send(extended("INSERT INTO rest VALUES (1)", 0, Frontend.FLUSH));
            assertThat(gone.until('C')).isEqualTo("12C");
        }
        assertThat(others("SELECT count(*) FROM (SELECT * FROM rest FOR SHARE) x"))
                .contains("D(0)");
    }

    @Test
    void aSettingOfAPortalThatWasNotRunToItsEndStaysItsClients() throws Exception {
        try (RawClient client = session()) {
            client.send(extended("SELECT set_config('app.tenant', '7', false)", 1, Frontend.SYNC));
            assertThat(client.untilReady()).isEqualTo("1 2 D(7) s Z(I)");
            assertThat(others("SELECT coalesce(current_setting('app.tenant', true), '') || '.' FOR SHARE"))
                    .contains("D(.)");
            assertThat(client.query("SELECT current_setting('app.tenant', true) FOR SHARE"))
                    .contains("D(7)");
        }
    }

    @Test
    void aLockThatAFailedQueryTookStaysItsClients() throws Exception {
        try (RawClient client = session()) {
            assertThat(client.query("SELECT pg_advisory_lock(511), 1 / (2 - g) FROM generate_series(1, 3) g"))
                    .endsWith("E(22012) Z(I)");
            assertThat(others("SELECT pg_try_advisory_lock(511)")).contains("D(f)");
        }
    }

    @Test
    void aLockTakenByAFunctionsNumberStaysItsClients() throws Exception {
        try (RawClient client = session()) {
            // pg_advisory_lock(bigint) is function 2880; the argument and the result are binary.
            client.send(out -> {
                out.writeByte(Frontend.FUNCTION_CALL).writeInt(4 + 4 + 2 + 2 + 2 + 4 + 8 + 2);
                out.writeInt(2880).writeShort(1).writeShort(1).writeShort(1);
                out.writeInt(8).writeLong(512).writeShort(1);
            });
            assertThat(client.untilReady()).isEqualTo("V Z(I)");
            assertThat(others("SELECT pg_try_advisory_lock(512)")).contains("D(f)");
        }
    }
}
