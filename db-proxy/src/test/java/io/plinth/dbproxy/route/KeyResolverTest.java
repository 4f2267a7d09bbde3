package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.route.StatementPlan.Keyed;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class KeyResolverTest {
    private static final List<ShardedTable.Column> COLUMNS =
            List.of(new ShardedTable.Column("x", KeyType.BIGINT), new ShardedTable.Column("y", KeyType.BIGINT));
    private static final Classifier CLASSIFIER = new Classifier(
            Topology.byName(List.of(
                    new ShardedTable("a", COLUMNS, new Scheme.Hash(), null),
                    new ShardedTable("b", COLUMNS, new Scheme.Hash(), null))),
            true);

    @Test
    void aKeyThatFollowsFromAnotherWithItsColumnsCrossedIsAKeyOfItsOwn() {
        assertThat(keys("SELECT * FROM a, b WHERE a.x = 1 AND a.y = 2 AND b.x = a.x AND b.y = a.y"))
                .isEqualTo(1);
        assertThat(keys("SELECT * FROM a, b WHERE a.x = 1 AND a.y = 2 AND b.x = a.y AND b.y = a.x"))
                .isEqualTo(2);
    }

    private static int keys(String sql) {
        StatementPlan plan = Objects.requireNonNull(
                CLASSIFIER.plan(sql.getBytes(StandardCharsets.UTF_8)).only());
        return ((Keyed) plan.need()).keys().size();
    }
}
