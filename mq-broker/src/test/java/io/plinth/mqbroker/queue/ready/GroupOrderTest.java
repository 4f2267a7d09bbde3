package io.plinth.mqbroker.queue.ready;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.log.Message;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class GroupOrderTest {
    private static final int GROUPS = 1000;

    private final GroupOrder order = new GroupOrder();

    /** With all of them at each page it is the square of their number. */
    @Test
    void eachGroupThatWaitsToBeReadIsToldOfOnce() {
        for (int group = 0; group < GROUPS; group++) {
            QueueEntry first = entry(1, group);
            assertThat(order.enter(first, false)).isTrue();
            assertThat(order.enter(entry(2, group), false)).isFalse();
            assertThat(order.enter(entry(3, group), true)).isFalse();
            assertThat(order.enter(entry(4, group), true)).isFalse();
            order.pageOut(Long.MAX_VALUE, entry -> {});
            QueueEntry inMemory = Objects.requireNonNull(order.left(first));
            assertThat(order.left(inMemory)).isNull();
        }
        assertThat(order.newlyAwaited()).hasSize(GROUPS).doesNotHaveDuplicates();
        assertThat(order.newlyAwaited()).isEmpty();
        assertThat(order.awaited()).as("still waited for").isNotNull();
        // One comes: it is ready, and the group is told of again when it needs its next.
        Paged first = (Paged) Objects.requireNonNull(order.awaited());
        assertThat(first.toldOnce()).isTrue();
        first.ask();
        first.read(new QueuePages.Page(List.of(row(3)), 4, false));
        QueueEntry third = Objects.requireNonNull(order.read(first, List.of(entry(3, 0))));
        assertThat(third.id).isEqualTo(3);
        assertThat(order.newlyAwaited()).isEmpty();
        assertThat(order.left(third)).isNull();
        assertThat(order.newlyAwaited()).singleElement().isSameAs(first);
        order.drain();
        assertThat(order.awaited()).isNull();
        assertThat(order.newlyAwaited()).isEmpty();
    }

    private static QueueEntry entry(long id, int group) {
        return new QueueEntry(id, new Message(8, 10, 10), Long.MAX_VALUE, true, 0, "g" + group);
    }

    private static QueuePages.Row row(long id) {
        return new QueuePages.Row(id, 8, 10, 10, Long.MAX_VALUE, 0, "g0", 0, 0);
    }
}
