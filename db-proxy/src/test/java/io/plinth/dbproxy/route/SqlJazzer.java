package io.plinth.dbproxy.route;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.sql.SqlLexer;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * What Jazzer finds by coverage, in the profile {@code jazzer}: every text has tokens in order and a plan, whatever its
 * bytes are.
 */
class SqlJazzer {
    private final Classifier classifier = new Classifier(
            Topology.byName(List.of(
                    new ShardedTable("orders", "user_id", KeyType.BIGINT),
                    new ShardedTable("names", "name", KeyType.TEXT))),
            true);

    @FuzzTest(maxDuration = "3m")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void textsHaveTokensAndPlans(FuzzedDataProvider data) {
        byte[] sql = data.consumeRemainingAsBytes();
        SqlTokens tokens = SqlLexer.lex(sql, 10_000);
        int end = 0;
        for (int i = 0; tokens != null && i < tokens.count(); i++) {
            if (tokens.start(i) < end || tokens.end(i) <= tokens.start(i) || tokens.end(i) > sql.length) {
                throw new IllegalStateException("token " + i + " out of order");
            }
            end = tokens.end(i);
        }
        classifier.plan(sql);
    }
}
