package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CopyParserTest {
    private static final Classifier CLASSIFIER =
            new Classifier(Topology.byName(List.of(new ShardedTable("orders", "user_id", KeyType.BIGINT))), true);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "COPY orders (user_id, a) FROM STDIN (FORMAT csv, FORCE_NULL (a), FREEZE)",
                "COPY orders (user_id, a) FROM STDIN CSV FORCE NOT NULL a, b HEADER",
                "COPY orders (user_id, a) FROM STDIN (ENCODING 'UTF8', ON_ERROR 'ignore', DEFAULT 'x', FREEZE true)",
                "COPY orders TO STDOUT (FORMAT csv, FORCE_QUOTE *, HEADER)",
                "COPY (SELECT a FROM orders WHERE (a) > 5) TO STDOUT (FORMAT csv, FORCE_QUOTE *, HEADER)",
            })
    void copiesOfAllShardsAreRead(String sql) {
        assertThat(plan(sql).need())
                .isInstanceOfSatisfying(
                        StatementPlan.Copying.class,
                        copying -> assertThat(copying.copy().header()).isEqualTo(sql.contains("HEADER")));
    }

    @Test
    void rowsThatHaveToBeMergedAre() {
        for (String query : List.of("SELECT * FROM orders WHERE a = 5 ORDER BY a", "SELECT count(*) FROM orders")) {
            assertThat(plan("COPY (" + query + ") TO STDOUT").need())
                    .isInstanceOfSatisfying(
                            StatementPlan.Copying.class,
                            copying -> assertThat(copying.merge()).isNotNull());
        }
    }

    @Test
    void aCopyOfAQueryGoesWhereTheQueryGoes() {
        assertThat(plan("COPY (SELECT * FROM orders WHERE user_id = 5) TO STDOUT")
                        .need())
                .isInstanceOf(Keyed.class);
        assertThat(plan("COPY (SELECT 1) TO STDOUT").need()).isInstanceOf(StatementPlan.Unsharded.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "COPY orders (user_id) FROM STDIN (FORMAT csv, FORCE_NULL *)",
                "COPY orders (user_id) FROM STDIN CSV FORCE NOT NULL a, user_id",
                "COPY orders (user_id) FROM STDIN (ENCODING latin1)",
                "COPY orders (user_id) FROM STDIN (REJECT_LIMIT 3)",
                "COPY (SELECT count(*) FROM orders) TO STDOUT (FORMAT binary, HEADER)",
                "COPY (SELECT count(*) FROM orders) TO STDOUT (DELIMITER 'a')",
                "COPY (SELECT count(*) FROM orders) TO STDOUT CSV NULL '\"'",
                "COPY (SELECT count(*) FROM orders) TO STDOUT (FREEZE)",
                "COPY (SELECT count(*) FROM orders) TO STDOUT CSV FORCE NOT NULL a",
                "COPY (SELECT * FROM orders) TO PROGRAM 'x'",
            })
    void copiesThatCannotBeTakenApartAreRefused(String sql) {
        assertThat(plan(sql).need()).isInstanceOf(StatementPlan.Refused.class);
    }

    private static StatementPlan plan(String sql) {
        return Objects.requireNonNull(
                CLASSIFIER.plan(sql.getBytes(StandardCharsets.UTF_8)).only(), sql);
    }
}
