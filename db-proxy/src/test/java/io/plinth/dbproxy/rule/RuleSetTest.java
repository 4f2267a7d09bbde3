package io.plinth.dbproxy.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.route.Classifier;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleSetTest {
    private final Classifier classifier = new Classifier(Map.of(), false);
    private final AtomicLong now = new AtomicLong();

    private RuleConfig config(
            @Nullable String fingerprint, @Nullable String regex, @Nullable String table, @Nullable String kind) {
        return new RuleConfig(0, fingerprint, regex, null, table, kind, "no", null, Duration.ZERO, 0, 0);
    }

    private RuleConfig limit(int concurrency, int rate) {
        return new RuleConfig(0, null, null, null, null, null, null, null, Duration.ZERO, concurrency, rate);
    }

    private List<Rule> matching(RuleConfig config, String sql) {
        byte[] bytes = sql.getBytes(StandardCharsets.UTF_8);
        return RuleSet.of(Map.of("r", config), RuleSet.NONE, now::get).matching(bytes, classifier.plan(bytes));
    }

    private boolean matches(RuleConfig config, String sql) {
        return !matching(config, sql).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "delete | DELETE FROM t | true",
                "delete | /* x */ delete from t | true",
                "delete | SELECT 'delete' | false",
                "delete | SELECT delete FROM t | false",
                "delete | SELECT 1; DELETE FROM t | true",
                "delete | WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x | true",
                "delete | EXPLAIN ANALYZE DELETE FROM t | true",
                "update | INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1 | false",
                "delete | COPY (DELETE FROM t RETURNING a) TO STDOUT | true",
                "select | DECLARE c CURSOR FOR SELECT 1 | true",
                "select | CREATE TABLE x AS SELECT 1 | true",
                "read | SELECT 1 | true",
                "read | SELECT 1; DELETE FROM t | false",
                "write | SELECT 1; DELETE FROM t | true",
                "write | SELECT * FROM t FOR UPDATE | true",
                "select | (SELECT 1) UNION SELECT 2 | true",
            })
    void kinds(String kind, String sql, boolean expected) {
        assertThat(matches(config(null, null, null, kind), sql)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "secrets | SELECT * FROM secrets | true",
                "secrets | SELECT * FROM public.secrets s | true",
                "secrets | SELECT * FROM \"secrets\" | true",
                "secrets | SELECT * FROM \"Secrets\" | false",
                "secrets | SELECT * FROM SECRETS | true",
                "public.secrets | SELECT * FROM public.secrets | true",
                "public.secrets | SELECT * FROM other.secrets | false",
                "secrets | SELECT * FROM a, secrets | true",
                "secrets | UPDATE ONLY secrets SET a = 1 | true",
                "secrets | INSERT INTO secrets VALUES (1) | true",
                "secrets | COPY secrets TO STDOUT | true",
                "secrets | DROP TABLE IF EXISTS secrets | true",
                "secrets | SELECT 1 WHERE EXISTS (TABLE secrets) | true",
                "secrets | SELECT secrets.a FROM secrets | true",
                "secrets | SELECT * FROM mydb.public.secrets | true",
                "secrets | SELECT * FROM U&\"secr\\0065ts\" | true",
                "secrets | SELECT * FROM public.U&\"secr\\0065ts\" | true",
                "secrets | SELECT U&'secrets' FROM t | false",
                "secrets | LOCK secrets | true",
                "secrets | ANALYZE VERBOSE secrets | true",
                "secrets | SELECT 'secrets' FROM t | false",
                "secrets | SELECT a AS secrets FROM t | false",
            })
    void tables(String table, String sql, boolean expected) {
        assertThat(matches(config(null, null, table, null), sql)).isEqualTo(expected);
    }

    @Test
    void expressionsAreFoundInTheTextWithoutItsValuesAndComments() {
        RuleConfig unbounded = config(null, "^select .* from orders$", null, null);
        assertThat(matches(unbounded, "SELECT *,\n 'x' FROM /* all */ Orders")).isTrue();
        assertThat(matches(unbounded, "SELECT * FROM orders WHERE id = 1")).isFalse();
        assertThat(matches(config(null, "secret", null, null), "SELECT 'secret'"))
                .isFalse();
    }

    @Test
    void fingerprintsStandForTextsThatDifferInValuesOnly() {
        SqlPlan plan = classifier.plan("SELECT * FROM t WHERE a = 1".getBytes(StandardCharsets.UTF_8));
        String fingerprint = String.format(Locale.ROOT, "%016x", plan.fingerprint());
        RuleConfig config = config(fingerprint, null, null, null);
        assertThat(matches(config, "select * from t where a = 'other'")).isTrue();
        assertThat(matches(config, "SELECT * FROM t WHERE b = 1")).isFalse();
    }

    @Test
    void anExpressionThatCannotBeIsRefusedWithItsReason() {
        assertThatThrownBy(() -> StatementPattern.of("(")).hasMessageContaining("expected: RE2's syntax");
        assertThatThrownBy(() -> StatementPattern.of("((a{100}){100}){100}"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRuleOfAnotherUserDoesNothing() throws Exception {
        RuleConfig config = new RuleConfig(0, null, null, "guest", null, null, "no guests", null, Duration.ZERO, 0, 0);
        List<Rule> matching = matching(config, "SELECT 1");
        new Ruling().begin(matching, "shop");
        assertThatThrownBy(() -> new Ruling().begin(matching, "guest"))
                .isInstanceOf(SqlException.class)
                .hasMessageContaining("no guests");
        assertThat(matching.getFirst().refused()).isEqualTo(1);
    }

    @Test
    void noMoreRunAtOnceThanAllowed() throws Exception {
        List<Rule> matching = matching(limit(2, 0), "SELECT 1");
        Ruling first = new Ruling();
        Ruling second = new Ruling();
        first.begin(matching, "a");
        second.begin(matching, "a");
        Ruling third = new Ruling();
        assertThatThrownBy(() -> third.begin(matching, "a")).hasMessageContaining("more than 2 at once");
        third.end();
        assertThat(matching.getFirst().running()).isEqualTo(2);
        first.end();
        first.end();
        third.begin(matching, "a");
        assertThat(matching.getFirst().running()).isEqualTo(2);
    }

    @Test
    void noMoreBeginInASecondThanAllowed() {
        List<Rule> matching = matching(limit(0, 10), "SELECT 1");
        int allowed = 0;
        for (int millis = 0; millis < 5000; millis++) {
            now.set(millis * 1_000_000L);
            try {
                new Ruling().begin(matching, "a");
                allowed++;
            } catch (SqlException e) {
                assertThat(e.error().code()).isEqualTo("53400");
            }
        }
        // A second's worth at once, then ten a second.
        assertThat(allowed).isBetween(55, 61);
        now.addAndGet(10_000_000_000L);
        for (int i = 0; i < 10; i++) {
            assertThatCode(() -> new Ruling().begin(matching, "a")).doesNotThrowAnyException();
        }
    }

    @Test
    void rulesAreInTheOrderOfPriorityThenNameAndGoOnCounting() throws Exception {
        Map<String, RuleConfig> configs = new TreeMap<>();
        configs.put("b", limit(1, 0));
        configs.put("a", limit(2, 0));
        configs.put("c", new RuleConfig(9, null, null, null, null, null, "no", null, Duration.ZERO, 0, 0));
        RuleSet before = RuleSet.of(configs, RuleSet.NONE, now::get);
        assertThat(before.rules().stream().map(Rule::name)).containsExactly("c", "a", "b");
        new Ruling().begin(List.of(before.rules().get(1)), "x");
        configs.put("b", limit(7, 0));
        RuleSet after = RuleSet.of(configs, before, now::get);
        assertThat(after.rules().get(1).matched()).isEqualTo(1);
        assertThat(after.rules().get(2)).isNotSameAs(before.rules().get(2));
    }
}
