package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.shard.Bound;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlacesTest {
    private static final Topology TOPOLOGY = new Topology(
            "app",
            List.of("a", "b"),
            "a",
            Topology.byName(List.of(
                    new ShardedTable("sessions", "name", KeyType.TEXT),
                    new ShardedTable("orders", "user_id", KeyType.BIGINT))),
            Map.of(),
            null);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT INTO sessions (name) VALUES ('ab ')",
                "INSERT INTO sessions (name) VALUES ('ab'), ('ab  ')",
                "UPDATE sessions SET name = 'ab ' WHERE name = 'ab '",
            })
    void aNewKeyWhoseBlanksMayBeCutOffIsRefused(String sql) {
        assertThatThrownBy(() -> places(sql, null)).hasMessageContaining("ends in a blank");
    }

    @Test
    void rowsAreLookedForByAllBlanksOfAKey() throws Exception {
        assertThat(places("SELECT * FROM sessions WHERE name = 'ab '", null)).hasSize(1);
        assertThat(places("INSERT INTO sessions (name) VALUES (' ab')", null)).hasSize(1);
    }

    /** numeric, double precision, real, unknown to the server. */
    @ParameterizedTest
    @CsvSource({"$1::int, 1700, 2.5", "$1::int, 701, 2.5", "$1::bigint, 700, 2", "$1, 1700, 2.5", "$1::int, 0, 2.5"})
    void aParameterThatACastWouldRoundIsNoKey(String key, int type, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        byte[] body = ByteBuffer.allocate(10 + bytes.length)
                .putShort((short) 0)
                .putShort((short) 1)
                .putInt(bytes.length)
                .put(bytes)
                .putShort((short) 0)
                .array();
        assertThatThrownBy(() ->
                        places("SELECT * FROM orders WHERE user_id = " + key, new Bound(body, 0, new int[] {type})))
                .isInstanceOfSatisfying(
                        SqlException.class, e -> assertThat(e.error().code()).isEqualTo("0A000"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2.5::int", "'2.5'::int", "$1::numeric::int", "CAST($1 AS int)"})
    void aConstantThatACastWouldRoundIsNoKey(String key) {
        assertThat(Objects.requireNonNull(plan("SELECT * FROM orders WHERE user_id = " + key + " AND false")
                                .only())
                        .need())
                .isNotInstanceOf(Keyed.class);
    }

    private static Set<String> places(String sql, @Nullable Bound bound) throws SqlException {
        Keyed keyed = (Keyed) Objects.requireNonNull(plan(sql).only()).need();
        return Places.of(keyed.keys(), bound, TOPOLOGY);
    }

    private static SqlPlan plan(String sql) {
        return TOPOLOGY.classifier().plan(sql.getBytes(StandardCharsets.UTF_8));
    }
}
