package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A short smoke of soups of tokens: whatever comes, there is a plan, and a wrong shard is never one of them. */
class ClassifierFuzzTest {
    private static final String[] WORDS =
            ("select insert update delete from where into values orders lines products o l user_id id = 5 '5' $1 , ( )"
                + " . ; and or not in between join left full on as case when then end union with for set :: bigint"
                + " null * explain declare cursor copy create table index view begin commit rollback to with hold ")
                    .strip()
                    .split(" +");

    @Test
    void everyTextHasAPlan() {
        Classifier classifier = new Classifier(
                Topology.byName(List.of(
                        new ShardedTable("orders", "user_id", KeyType.BIGINT),
                        new ShardedTable("lines", "user_id", KeyType.BIGINT))),
                true);
        long seed = Long.getLong("plinth.seed", 1);
        Random random = new Random(seed);
        for (int round = 0; round < 60_000; round++) {
            StringBuilder sql = new StringBuilder(WORDS[random.nextInt(4)]);
            for (int i = random.nextInt(20); i > 0; i--) {
                sql.append(' ').append(WORDS[random.nextInt(WORDS.length)]);
            }
            SqlPlan plan = classifier.plan(sql.toString().getBytes(StandardCharsets.UTF_8));
            for (StatementPlan statement : plan.statements()) {
                if (sql.toString().contains(" or ") && !sql.toString().contains("(")) {
                    continue;
                }
                // A statement that names a sharded table is keyed, for every shard, or refused.
                boolean one = plan.statements().size() == 1;
                boolean names = sql.toString().matches(".*\\b(from|into|update) (orders|lines)( [^.]*)?");
                if (one && names) {
                    assertThat(statement.need())
                            .as("seed %d: %s", seed, sql)
                            .isNotInstanceOf(StatementPlan.Unsharded.class);
                }
            }
        }
    }

    @Test
    void longTextsTakeLinearTime() {
        StringBuilder sql = new StringBuilder("SELECT * FROM orders WHERE user_id IN (5");
        for (int i = 0; i < 300_000; i++) {
            sql.append(",5");
        }
        Classifier classifier =
                new Classifier(Topology.byName(List.of(new ShardedTable("orders", "user_id", KeyType.BIGINT))), true);
        SqlPlan plan = classifier.plan(sql.append(")").toString().getBytes(StandardCharsets.UTF_8));
        assertThat(plan.statements().getFirst().need()).isInstanceOf(StatementPlan.Keyed.class);
    }
}
