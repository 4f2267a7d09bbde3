package io.plinth.mqbroker.queue.ready;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.log.Message;
import java.util.List;
import org.junit.jupiter.api.Test;

class PagedTest {
    @Test
    void whatLeavesMemoryWhileTheLastPageIsReadIsReadWithTheNext() {
        Paged paged = new Paged(0);
        paged.out(entry(1));
        paged.ask();
        paged.out(entry(2));
        paged.read(new QueuePages.Page(List.of(row(1)), 1, true));
        assertThat(paged.isEmpty()).isFalse();
        assertThat(paged.first()).isEqualTo(2);
        paged.ask();
        assertThat(paged.read(new QueuePages.Page(List.of(row(2)), 2, true)).count())
                .isZero();
        assertThat(paged.isEmpty()).isTrue();
    }

    private static QueueEntry entry(long id) {
        return new QueueEntry(id, new Message(8, 10, 10), Long.MAX_VALUE, true, 0, null);
    }

    private static QueuePages.Row row(long id) {
        return new QueuePages.Row(id, 8, 10, 10, Long.MAX_VALUE, 0, null, 0, 0);
    }
}
