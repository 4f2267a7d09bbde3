package io.plinth.dbproxy.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartingTest {
    private static final Topology TOPOLOGY = new Topology(
            "app",
            List.of("a", "b"),
            "a",
            Topology.byName(List.of(new ShardedTable("orders", "user_id", KeyType.BIGINT))),
            Map.of(),
            null);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT n FROM orders WHERE pg_try_advisory_lock(n)",
                "SELECT n FROM orders WHERE currval('s') = n",
            })
    void whatNeedsOneSessionIsNotForSeveralShards(String sql) {
        assertThatThrownBy(() -> parting(sql))
                .isInstanceOfSatisfying(
                        SqlException.class, e -> assertThat(e.error().code()).isEqualTo("0A000"));
    }

    @Test
    void insideATransactionOnlyWhatReadsMayGoToShardsWhereItIsNotOpen() throws SqlException {
        assertThat(Objects.requireNonNull(parting("SELECT n FROM orders")).mayBeInside())
                .isTrue();
        assertThat(Objects.requireNonNull(parting("SELECT n FROM orders WHERE audited(n)"))
                        .mayBeInside())
                .isFalse();
    }

    @Test
    void aTimeByTheServersClockIsNoParameterOfAReferenceTablesChange() throws SqlException {
        Topology topology = new Topology(
                "app",
                List.of("a", "b"),
                "a",
                Topology.byName(List.of(new ShardedTable("ref", List.of(), new Scheme.Copied(), null))),
                Map.of(),
                null);
        byte[] sql = "UPDATE ref SET at = $1".getBytes(StandardCharsets.UTF_8);
        SqlPlan plan = topology.classifier().plan(sql);
        StatementPlan only = Objects.requireNonNull(plan.only());
        for (String value : List.of("now", "today 04:00", "2026-01-01", "now or never")) {
            byte[] body = bound(value);
            ClientMessage.Bind bind = new ClientMessage.Bind("", "", body, 0);
            PreparedStatement statement = new PreparedStatement(1, sql, new int[0], plan);
            if (value.length() < 10 || value.endsWith(":00")) {
                assertThatThrownBy(() -> Parting.of(only, statement, bind, topology))
                        .hasMessageContaining("differ from shard to shard");
            } else {
                assertThat(Parting.of(only, statement, bind, topology)).isInstanceOf(Parting.Change.class);
            }
        }
    }

    /** One parameter in text form. */
    private static byte[] bound(String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(10 + text.length)
                .putShort((short) 0)
                .putShort((short) 1)
                .putInt(text.length)
                .put(text)
                .putShort((short) 0)
                .array();
    }

    private static @Nullable Parting parting(String sql) throws SqlException {
        byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
        SqlPlan plan = TOPOLOGY.classifier().plan(bytes);
        StatementPlan only = Objects.requireNonNull(plan.only());
        return Parting.of(only, new PreparedStatement(1, bytes, new int[0], plan), null, TOPOLOGY);
    }
}
