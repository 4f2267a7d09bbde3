package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MergeParserTest {
    private static final Classifier CLASSIFIER =
            new Classifier(Topology.byName(List.of(new ShardedTable("orders", "user_id", KeyType.BIGINT))), true);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT regr_count(n, amount) FROM orders",
                "SELECT json_agg_strict(n) FROM orders",
                "SELECT median(n) FROM orders",
                "SELECT DISTINCT median(n) FROM orders",
                "SELECT app.abs(n) FROM orders",
                "SELECT \"abs\"(n) FROM orders",
                "SELECT n FROM orders ORDER BY median(n)",
                "SELECT 1 FROM orders HAVING true",
                "SELECT date_trunc('day', at), count(*) FROM orders GROUP BY date_trunc",
                "SELECT n + m AS n, count(*) FROM orders GROUP BY n",
                "SELECT abs(n) AS g, m AS g, count(*) FROM orders GROUP BY g",
                "SELECT abs(m) AS g, g + 1 AS h, count(*) FROM orders GROUP BY g",
                "SELECT abs(m) AS g, count(*) FROM orders WHERE g > 1 GROUP BY g",
                "SELECT *, random() AS p FROM orders ORDER BY p",
                "SELECT n, count(*) AS c FROM orders GROUP BY n HAVING c > 1",
                "SELECT name FROM orders ORDER BY name COLLATE \"en_US\"",
                "SELECT name COLLATE \"en_US\" AS x FROM orders ORDER BY x",
                "SELECT min(name COLLATE \"en_US\") FROM orders",
                "SELECT *, lower(name) FROM orders ORDER BY lower",
                "SELECT lower(name) FROM orders ORDER BY lower",
                "SELECT CASE WHEN n > 1 THEN a ELSE b END FROM orders ORDER BY b",
                "SELECT count(*) FROM orders GROUP BY ()",
                "SELECT n, count(*) FROM orders GROUP BY GROUPING SETS ((n), ())",
                "SELECT n, count(*) FROM orders GROUP BY DISTINCT n",
                "SELECT n, count(*) FROM orders GROUP BY n HAVING count(*) > 2.5::int",
                "SELECT n, count(*) FROM orders GROUP BY n HAVING count(*) > '2'::text",
            })
    void whatIsNotSurelyTheSameOverShardsIsRefused(String sql) {
        assertThat(need(sql)).isInstanceOf(StatementPlan.Refused.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "SELECT abs(n), lower(name) AS l FROM orders ORDER BY l | ORDER BY l",
                "SELECT max(n) AS x, n FROM orders GROUP BY n | GROUP BY n",
                "SELECT price * 2 p FROM orders ORDER BY p | SELECT price * 2 p FROM orders ORDER BY p",
                "SELECT *, price * 2 AS p FROM orders ORDER BY p | p, price * 2 FROM orders ORDER BY p",
                "SELECT o.n, count(*) FROM orders o GROUP BY n | SELECT o.n, count(*) FROM orders o GROUP BY n",
                "SELECT n, count(*) c FROM orders o GROUP BY o.n | SELECT n, count(*) c FROM orders o GROUP BY o.n",
                // The name of the answer, where no table has it: servers are made to see to that.
                "SELECT date_trunc('day', at) AS day, count(*) FROM orders o WHERE n > 1 GROUP BY m, day ORDER BY day"
                        + " | , m FROM orders o, (VALUES (1)) AS plinth_guard(\"day\") WHERE n > 1 GROUP BY m,"
                        + " 1, \"day\"",
                "SELECT extract(year FROM at) AS year, abs(n) \"A\", sum(n) FROM orders GROUP BY year, \"A\" |"
                        + " FROM orders, (VALUES (1, 1)) AS plinth_guard(\"year\", \"A\")  GROUP BY 1, \"year\" "
                        + ", 2, \"A\"",
                // The table's column, as servers would refuse anything else.
                "SELECT max(n) AS g, count(*) FROM orders GROUP BY g | SELECT max(n) AS g, count(*), g FROM orders"
                        + " GROUP BY g",
                "SELECT max(n) g, count(*) FROM orders GROUP BY g | count(*), g FROM orders GROUP BY g",
                "SELECT date_trunc('day', at) AS at, count(*) FROM orders GROUP BY at | count(*), at FROM orders"
                        + " GROUP BY at",
                "SELECT n AS a, m AS n, count(*) FROM orders GROUP BY 1, 2 ORDER BY n | GROUP BY 1, 2",
                "SELECT o.n FROM orders o ORDER BY n | ORDER BY n",
                "SELECT price * 2 FROM orders ORDER BY price | SELECT price * 2, price FROM",
                "SELECT name FROM orders WHERE name > 'x' COLLATE \"en_US\" ORDER BY name COLLATE \"C\" | COLLATE"
                        + " \"C\"",
                "SELECT n, count(*) FROM orders GROUP BY n HAVING count(*) > '2'::bigint | GROUP BY n",
                "SELECT n FROM orders LIMIT $1 OFFSET $2 | LIMIT least($1::bigint::numeric + $2::bigint,"
                        + " 9223372036854775807)::bigint",
            })
    void whatIsTheSameOverShardsIsAskedOfEach(String sql, String asked) {
        assertThat(need(sql))
                .isInstanceOfSatisfying(
                        StatementPlan.Scattered.class,
                        scattered -> assertThat(scattered.merge().sql()).contains(asked));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"SELECT n AS a, m AS n FROM orders ORDER BY n | 1", "SELECT m AS a, n FROM orders ORDER BY n | 1"})
    void orderByPrefersTheNamesOfTheAnswer(String sql, int column) {
        assertThat(need(sql))
                .isInstanceOfSatisfying(
                        StatementPlan.Scattered.class,
                        scattered -> assertThat(
                                        scattered.merge().order().getFirst().column())
                                .isEqualTo(column));
    }

    private static StatementPlan.Need need(String sql) {
        return Objects.requireNonNull(
                        CLASSIFIER.plan(sql.getBytes(StandardCharsets.UTF_8)).only(), sql)
                .need();
    }
}
