package io.plinth.dbproxy.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class KeyedWritesTest {
    @Test
    void whatIsForgottenCountsForEveryKeyThatIsNotKnown() {
        KeyedWrites writes = new KeyedWrites(2);
        writes.wrote("a", "s0", 100);
        writes.wrote("b", "s0", 200);
        writes.wrote("b", "s0", 150);
        assertThat(writes.needed("a", "s0", 1)).isEqualTo(100);
        assertThat(writes.needed("b", "s0", 1)).isEqualTo(200);
        assertThat(writes.needed("b", "s1", 1)).isEqualTo(1);
        writes.wrote("c", "s0", 300);
        assertThat(writes.needed("a", "s0", 1)).isEqualTo(100);
        assertThat(writes.needed("d", "s1", 1)).isEqualTo(100);
        assertThat(writes.needed("c", "s0", 1)).isEqualTo(300);
    }
}
