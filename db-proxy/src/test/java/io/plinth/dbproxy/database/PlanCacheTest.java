package io.plinth.dbproxy.database;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.kit.metrics.Metrics;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlanCacheTest {
    private final PlanCache cache =
            new PlanCache(new Classifier(Map.of(), true), 100, 1 << 20, new PlanCounts(new Metrics()));

    @Test
    void aHintCountsThoughTheSameShapeIsKnownWithoutOne() {
        assertThat(plan("SELECT a FROM products WHERE id = 5")
                        .statements()
                        .getFirst()
                        .readOnly())
                .isTrue();
        assertThat(plan("SELECT a FROM products WHERE id = 6 /* plinth: primary */")
                        .statements()
                        .getFirst()
                        .readOnly())
                .isFalse();
        assertThat(plan("SELECT a FROM products WHERE id = 7 /* plinth: key=k */")
                        .key())
                .isEqualTo("k");

        plan("INSERT INTO log VALUES (1)");
        assertThat(plan("INSERT INTO log VALUES (2) /* plinth: shard=b */")
                        .statements()
                        .getFirst()
                        .need())
                .isEqualTo(new StatementPlan.Hinted("b"));
        assertThat(plan("INSERT INTO log VALUES (3)").statements().getFirst().need())
                .isEqualTo(StatementPlan.UNSHARDED);
    }

    private SqlPlan plan(String sql) {
        return cache.plan(sql.getBytes(StandardCharsets.UTF_8));
    }
}
