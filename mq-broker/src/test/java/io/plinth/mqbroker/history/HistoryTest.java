package io.plinth.mqbroker.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HistoryTest {
    private static final long START = 1_800_000_000_000L;
    private static final List<String> NAMES = List.of("publish", "messages");
    private static final Ranges MINUTE = Ranges.of(
            Map.of("msg_rates_age", "60", "msg_rates_incr", "5", "lengths_age", "10", "lengths_incr", "5")::get);

    private final History history = new History(1 << 20);

    private static History.Values values(long publish, long messages) {
        return new History.Values(NAMES, new long[] {publish, messages});
    }

    /** What was published grows by one a second, what there is stays as it is; from the start on, every five seconds. */
    private void sample(int from, int to, String... keys) {
        for (int second = from; second <= to; second += 5) {
            Map<Object, History.Values> all = new LinkedHashMap<>();
            for (String key : keys) {
                all.put(key, values(second, 7));
            }
            history.sample(START + second * 1000L, all);
        }
    }

    private static Map<String, @Nullable Object> details(
            History history, Ranges ranges, String key, String name, long value) {
        Map<String, @Nullable Object> details = new LinkedHashMap<>();
        new Samples(history, ranges, 1000).put(details, key, name, value);
        return details;
    }

    private static List<Long> samples(Map<String, @Nullable Object> details) {
        return ((List<?>) details.getOrDefault("samples", List.of()))
                .stream()
                        .map(sample -> (Long) ((Map<?, ?>) sample).get("sample"))
                        .toList();
    }

    @Test
    void samplesComeNewestFirstWithTheirAverages() {
        sample(1000, 1100, "q");

        Map<String, @Nullable Object> published = details(history, MINUTE, "q", "publish", 1100);
        assertThat(samples(published))
                .isEqualTo(IntStream.rangeClosed(0, 12)
                        .mapToObj(i -> 1100L - 5L * i)
                        .toList());
        assertThat(((Map<?, ?>) ((List<?>) Objects.requireNonNull(published.get("samples"))).getFirst())
                        .get("timestamp"))
                .isEqualTo(START + 1_100_000);
        assertThat(published.get("avg_rate")).isEqualTo(1.0);
        assertThat(published.get("avg")).isEqualTo(1070.0);
        assertThat(samples(details(history, MINUTE, "q", "messages", 7))).containsExactly(7L, 7L, 7L);
    }

    @Test
    void whatCameLaterWasNothingBeforeAndWhatIsGoneIsForgotten() {
        sample(1000, 1020, "old");
        sample(1025, 1030, "old", "new");

        assertThat(samples(details(history, MINUTE, "new", "publish", 1030)))
                .containsExactly(1030L, 1025L, 0L, 0L, 0L, 0L, 0L);
        sample(1035, 1035, "new");
        assertThat(history.track("old")).isNull();
        assertThat(samples(details(history, MINUTE, "old", "publish", 3))).isEmpty();
        assertThat(samples(details(history, MINUTE, "idle", "messages", 0))).containsExactly(0L, 0L, 0L);
    }

    @Test
    void behindTenMinutesOneAMinuteIsKeptAndBehindAnHourNothing() {
        sample(0, 7200, "q");

        Ranges hour = Ranges.of(Map.of("msg_rates_age", "7200", "msg_rates_incr", "60")::get);
        List<Long> seen = samples(details(history, hour, "q", "publish", 7200));
        assertThat(seen).hasSizeBetween(60, 63);
        assertThat(seen.getFirst()).isEqualTo(7200);
        for (int i = 1; i < seen.size(); i++) {
            // The last of its minute, or what it was at the minute.
            assertThat(7200 - seen.get(i)).isBetween(60L * i, 60L * i + 60);
        }
        assertThat(history.track("q")).isNotNull();
        assertThat(Objects.requireNonNull(history.track("q")).points()).hasSizeLessThan(200);
    }

    @Test
    void whatDoesNotChangeTakesNothingMore() {
        for (int second = 0; second < 3600; second += 5) {
            history.sample(START + second * 1000L, Map.of("q", values(1, 2)));
        }
        assertThat(Objects.requireNonNull(history.track("q")).points()).hasSize(1);
    }

    @Test
    void withTooMuchTheOldestGoesAndWhatIsNewHasNone() {
        History small = new History(20_000);
        for (int second = 0; second < 3600; second += 5) {
            Map<Object, History.Values> all = new LinkedHashMap<>();
            for (int i = 0; i < 100; i++) {
                all.put("q" + i, values(second + 1, i));
            }
            small.sample(START + second * 1000L, all);
        }
        long points = IntStream.range(0, 100)
                .mapToObj(i -> small.track("q" + i))
                .filter(track -> track != null)
                .mapToLong(track -> track.points().size())
                .sum();
        assertThat(points).isPositive().isLessThan(20_000 / 64);
    }

    @Test
    void anAnswerHasNoMoreSamplesThanItMay() {
        sample(1000, 1100, "a", "b");
        Samples samples = new Samples(history, MINUTE, 20);
        List<Integer> sizes = List.of("a", "b", "a").stream()
                .map(key -> {
                    Map<String, @Nullable Object> details = new LinkedHashMap<>();
                    samples.put(details, key, "publish", 1100);
                    return samples(details).size();
                })
                .toList();
        assertThat(sizes).containsExactly(13, 7, 0);
    }

    @Test
    void nothingIsKeptWhereNothingMay() {
        History none = new History(0);
        none.sample(START, Map.of("q", values(1, 1)));
        assertThat(none.isEmpty()).isTrue();
        assertThat(details(none, MINUTE, "q", "publish", 1)).isEmpty();
    }

    @Test
    void rangesAreSeconds() {
        assertThat(Ranges.of(Map.of("lengths_age", "60")::get).none()).isTrue();
        assertThatThrownBy(() -> Ranges.of(Map.of("lengths_age", "60", "lengths_incr", "0")::get))
                .hasMessage("lengths_incr: 0 (expected: 1 to 86400 seconds)");
        assertThatThrownBy(() -> Ranges.of(Map.of("lengths_age", "x", "lengths_incr", "5")::get))
                .hasMessage("lengths_age: x (expected: seconds)");
    }
}
