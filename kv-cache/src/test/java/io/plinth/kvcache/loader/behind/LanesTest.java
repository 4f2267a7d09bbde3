package io.plinth.kvcache.loader.behind;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LanesTest {
    @Test
    void whyALoaderDoesNotTakeWritesIsSaidOnceAMinute() {
        Lanes lanes = new Lanes();
        BehindItem one = new BehindItem(new BehindItem.Name("a", new byte[1]));
        BehindItem other = new BehindItem(new BehindItem.Name("b", new byte[1]));
        assertThat(lanes.tells(one, 5)).isTrue();
        assertThat(lanes.tells(one, 59_000)).isFalse();
        assertThat(lanes.tells(other, 59_000)).isTrue();
        assertThat(lanes.tells(one, 60_005)).isTrue();
    }

    @Test
    void aLargeWriteIsNotOvertakenForEverBySmallOnes() {
        Lanes lanes = new Lanes();
        BehindItem[] items = new BehindItem[5];
        for (int i = 0; i < items.length; i++) {
            items[i] = new BehindItem(new BehindItem.Name("l", new byte[] {(byte) i}));
            items[i].size = i == 1 ? 100 : 10;
        }
        List<BehindItem> again = new ArrayList<>();
        assertThat(lanes.enter(items[0], 3, 100)).isTrue();
        assertThat(lanes.enter(items[1], 3, 100)).isFalse();
        assertThat(lanes.enter(items[2], 3, 100)).isFalse();
        assertThat(lanes.enter(items[3], 3, 100)).isFalse();
        assertThat(lanes.leave(items[0], 3, 100, again)).isTrue();
        assertThat(again).containsExactly(items[1]);
        assertThat(lanes.enter(items[4], 3, 100)).isFalse();
        assertThat(lanes.enter(items[1], 3, 100)).isTrue();
        again.clear();
        assertThat(lanes.leave(items[1], 3, 100, again)).isTrue();
        assertThat(again).containsExactly(items[2], items[3], items[4]);
    }
}
