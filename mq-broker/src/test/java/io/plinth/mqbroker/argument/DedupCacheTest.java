package io.plinth.mqbroker.argument;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DedupCacheTest {
    private final DedupCache cache = new DedupCache(Objects.requireNonNull(
            QueueArguments.of(new FieldTable(Map.of("x-message-deduplication", true, "x-cache-size", 3)))
                    .dedup()));

    private static Effect.Dedup key(String key, long until) {
        return new Effect.Dedup(key, until);
    }

    @Test
    void theLastOfAKeyCounts() {
        cache.remember(1, key("a", 100), false);
        cache.remember(2, key("b", 100), true);
        assertThat(cache.knows("a", false, 50)).isTrue();
        assertThat(cache.knows("a", true, 50)).isFalse();
        cache.remember(3, key("a", 100), true);
        assertThat(cache.knows("a", true, 50)).isTrue();
        cache.remember(4, key("c", 100), true);

        assertThat(cache.forget(50)).isEqualTo(2);
        assertThat(cache.knows("b", false, 50)).isFalse();
        assertThat(cache.knows("a", true, 50)).isTrue();
    }

    @Test
    void whatIsTooOldIsForgotten() {
        cache.remember(1, key("a", 100), true);
        cache.remember(2, key("b", 200), true);

        assertThat(cache.knows("a", false, 101)).isFalse();
        assertThat(cache.forget(101)).isEqualTo(1);
        assertThat(cache.forget(101)).isZero();
        assertThat(cache.knows("b", false, 101)).isTrue();
    }
}
