package io.plinth.dbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.route.StatementPlan.Everywhere;
import io.plinth.dbproxy.route.StatementPlan.Refused;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes of reference tables with strings that each shard would read by its own clock. */
class RelativeTimesTest {
    private final Classifier classifier = new Classifier(
            Topology.byName(List.of(new ShardedTable("ref", List.of(), new Scheme.Copied(), null))), true);

    private StatementPlan.Need need(String value) {
        byte[] sql = ("UPDATE ref SET a = " + value).getBytes(StandardCharsets.UTF_8);
        return Objects.requireNonNull(classifier.plan(sql).only(), value).need();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'04:00 tomorrow'",
                "'today America/New_York'",
                "'today 10:00 America/Port-au-Prince'",
                "'today, 04:00'",
                "E'now'",
                "E'\\tnow\\n'",
                "$$now$$",
                "$q$ yesterday 04:00+2$q$",
                "U&'now'",
                "E'\\x6eow'",
                "E'\\156\\u006fw'",
                "E'no\\w'",
                "U&'\\006eow'",
                "U&'!006eow' UESCAPE '!'",
                "'to'\n'day'",
                "'to' -- it's\n 'day'",
                "'today Japan'",
                "'AKST now'",
                "'today FOO3'",
                "'today EST5EDT'",
                "'monday, today'",
            })
    void areRefusedHoweverTheyAreWritten(String value) {
        assertThat(need(value)).isInstanceOf(Refused.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "E'see you\\ntoday'",
                "$$today is fine$$",
                "'must act now'",
                "'now v2'",
                "'nowhere'",
                "'Asia/now'",
                "E''",
                "$$$$",
                "X'00'"
            })
    void areNotSeenInTextsThatAreNoTime(String value) {
        assertThat(need(value)).isInstanceOf(Everywhere.class);
    }

    @Test
    void namesThatAreWordsOfALimitAreNames() {
        assertThat(need("1 FROM (SELECT 2 AS offset) t WHERE t.limit = 3")).isInstanceOf(Everywhere.class);
        assertThat(need("(SELECT b FROM ref LIMIT 1)")).isInstanceOf(Refused.class);
    }

    @Test
    void areReadWithoutRecursion() {
        String hours = " 1".repeat(10_000);
        assertThat(need("'now" + hours + "'")).isInstanceOf(Refused.class);
        assertThat(need("E'now" + "\\n1".repeat(10_000) + "'")).isInstanceOf(Refused.class);
        assertThat(need("'now" + hours + " or never'")).isInstanceOf(Everywhere.class);
    }
}
