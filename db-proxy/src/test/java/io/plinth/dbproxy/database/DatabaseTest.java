package io.plinth.dbproxy.database;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.auth.AccessRules;
import io.plinth.dbproxy.pool.PoolLimits;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.session.ClientBounds;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardAudit;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DatabaseTest {
    @Test
    void schemasStayWhereTheyAreWhenTheAuditFindsAView() {
        Map<String, ShardedTable> tables =
                Topology.byName(List.of(new ShardedTable("orders", "user_id", KeyType.BIGINT)));
        Topology topology = new Topology("app", List.of("a", "b"), "a", tables, Map.of("billing", "b"), null);
        Database database =
                new Database(topology, new Database.Setup(rules(), Map.of(), login -> Map.of(), null, Map.of()));

        database.audited(new ShardAudit(tables), List.of(List.of("view", "v", "orders")));

        assertThat(need(database, "SELECT * FROM v")).isInstanceOf(StatementPlan.Refused.class);
        assertThat(need(database, "SELECT * FROM billing.invoices"))
                .isInstanceOfSatisfying(
                        StatementPlan.Placed.class,
                        placed -> assertThat(placed.shard()).isEqualTo("b"));
    }

    private static StatementPlan.Need need(Database database, String sql) {
        return Objects.requireNonNull(database.classifier()
                        .plan(sql.getBytes(StandardCharsets.UTF_8))
                        .only())
                .need();
    }

    private static Database.Rules rules() {
        return new Database.Rules(
                new PoolLimits(1, 0, 0, 0, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO),
                false,
                false,
                AccessRules.standard(true),
                false,
                0,
                null,
                false,
                false,
                0,
                Duration.ZERO,
                Duration.ZERO,
                0,
                0,
                0,
                false,
                Duration.ZERO,
                RuleSet.NONE,
                ClientBounds.NONE);
    }
}
