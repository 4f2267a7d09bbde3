package io.plinth.mqbroker.mark;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MessageMarksTest {
    private static Content delayed(Object delay) {
        byte[] none = new byte[2];
        return new Content(
                "e", "k", ContentProperties.withHeaders(none, new FieldTable(Map.of("x-delay", delay))), new byte[0]);
    }

    private static @Nullable Object afterwards(Object delay) {
        return ContentProperties.headers(MessageMarks.due(delayed(delay)).properties())
                .get("x-delay");
    }

    @Test
    void aDelayIsAWholeNumberHoweverItIsWritten() {
        for (Object delay : List.<Object>of(300, 300L, (short) 300, "300", "+300", 300.9, 300.5f)) {
            assertThat(MessageMarks.delay(delayed(delay))).as("%s", delay).isEqualTo(300);
            assertThat(afterwards(delay)).as("%s", delay).isEqualTo(-300);
        }
        assertThat(afterwards(5_000_000_000L)).isEqualTo(-5_000_000_000L);
    }

    @Test
    void whatIsNoDelayStaysAsItIs() {
        for (Object delay : List.<Object>of(-5, 0, "-5", "soon", "", "3.5", true, List.of(1), Double.NaN)) {
            assertThat(MessageMarks.delay(delayed(delay))).as("%s", delay).isZero();
            assertThat(afterwards(delay)).as("%s", delay).isEqualTo(delay);
        }
        assertThat(MessageMarks.delay(new Content("e", "k", new byte[2], new byte[0])))
                .isZero();
    }

    @Test
    void theLongestDelayEndsInTheFuture() {
        assertThat(MessageMarks.delay(delayed(Long.MAX_VALUE))).isEqualTo(315_360_000_000L);
        assertThat(MessageMarks.delay(delayed(Double.POSITIVE_INFINITY))).isEqualTo(315_360_000_000L);
    }
}
