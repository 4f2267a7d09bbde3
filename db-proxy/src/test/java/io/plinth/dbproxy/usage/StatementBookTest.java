package io.plinth.dbproxy.usage;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.sql.SqlLexer;
import io.plinth.kit.metrics.Metrics;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatementBookTest {
    private final AtomicLong clock = new AtomicLong();
    private final StatementBook book = new StatementBook(2, new Metrics(), clock::get);

    private static long fingerprint(String sql) {
        return Objects.requireNonNull(SqlLexer.lex(sql.getBytes(StandardCharsets.UTF_8), 1000))
                .fingerprint();
    }

    private static void add(LoopStatements loop, String sql, long millis) {
        loop.add(fingerprint(sql), sql.getBytes(StandardCharsets.UTF_8), TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "SELECT 1~select  2 /* x */~true",
                "SELECT * FROM t WHERE a = 'x'~SELECT * FROM t WHERE a = $1~true",
                "SELECT * FROM t WHERE a IN (1, 2, 3)~SELECT * FROM t WHERE a IN ($1)~true",
                "INSERT INTO t VALUES (1, 'a')~INSERT INTO t VALUES (2, E'b', 3.5)~true",
                "SELECT \"A\" FROM t~SELECT \"a\" FROM t~false",
                "SELECT a FROM t~SELECT b FROM t~false",
                "SELECT ab FROM t~SELECT a b FROM t~false",
                "SELECT f(a, b)~SELECT f(a b)~false",
            })
    void literalsBlanksAndCommentsAreNoDifference(String one, String other, boolean same) {
        assertThat(fingerprint(one) == fingerprint(other)).isEqualTo(same);
    }

    @Test
    void loopsAddUpAndTextsShowNoValues() {
        LoopStatements one = book.loop("shop");
        LoopStatements two = book.loop("shop");
        for (int i = 1; i <= 100; i++) {
            add(i % 2 == 0 ? one : two, "SELECT name FROM users WHERE id = " + i + " AND token = 'secret'", i);
        }
        assertThat(book.entries()).singleElement().satisfies(entry -> {
            assertThat(entry.text())
                    .isEqualTo("SELECT name FROM users WHERE id = ? AND token = ?".toLowerCase(java.util.Locale.ROOT));
            Latencies.Reading reading = entry.latencies().read(50, 99);
            assertThat(reading.count()).isEqualTo(100);
            assertThat(reading.sumSeconds()).isBetween(5.0, 5.1);
            assertThat(reading.seconds()[0]).isBetween(0.049, 0.052);
            assertThat(reading.seconds()[1]).isBetween(0.098, 0.101);
        });
    }

    @Test
    void theLeastRecentlyUsedIsForgotten() {
        LoopStatements loop = book.loop("shop");
        add(loop, "SELECT a", 1);
        add(loop, "SELECT b", 1);
        add(loop, "SELECT a", 1);
        add(loop, "SELECT c", 1);
        assertThat(book.entries())
                .extracting(StatementBook.Entry::text)
                .containsExactlyInAnyOrder("select a", "select c");
    }

    @Test
    void percentilesAreOfLate() {
        LoopStatements loop = book.loop("shop");
        add(loop, "SELECT a", 500);
        StatementBook.Entry entry = book.entries().getFirst();
        entry.latencies().read(99);
        for (int i = 0; i < 3; i++) {
            clock.addAndGet(TimeUnit.SECONDS.toNanos(61));
            add(loop, "SELECT a", 1);
            entry.latencies().read(99);
        }
        Latencies.Reading reading = entry.latencies().read(99);
        assertThat(reading.seconds()[0]).isLessThan(0.01);
        assertThat(reading.count()).isEqualTo(4);
    }

    @Test
    void slowStatementsNameTheirTrace() {
        SlowLog log = new SlowLog();
        for (int i = 0; i < 150; i++) {
            log.add(
                    i,
                    5_000_000_000L,
                    "shop",
                    "app",
                    "web",
                    "shop/s0",
                    7,
                    ("SELECT " + i
                                    + " /*traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01',route='x'*/")
                            .getBytes(StandardCharsets.UTF_8));
        }
        List<SlowLog.Slow> last = log.last();
        assertThat(last).hasSize(100);
        assertThat(last.getFirst().trace()).isEqualTo("00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01");
        assertThat(last.getFirst().text()).isEqualTo("select ?");
    }
}
