package io.plinth.mqbroker.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StreamFilterTest {
    private static Content message(Object value) {
        byte[] properties =
                ContentProperties.withHeaders(new byte[2], FieldTable.EMPTY.with("x-stream-filter-value", value));
        return new Content("", "s", properties, new byte[0]);
    }

    private static StreamFilter filter(Object values, boolean unfiltered) {
        return StreamFilter.of(
                new FieldTable(Map.of("x-stream-filter", values, "x-stream-match-unfiltered", unfiltered)));
    }

    @Test
    void aFilterOfNoValuesIsRefused() {
        assertThatThrownBy(() -> filter(List.of(), false))
                .isInstanceOf(AmqpException.class)
                .hasMessageContaining("invalid arg 'x-stream-filter'");
    }

    @Test
    void aLongValueIsComparedWhole() {
        String value = "v".repeat(2000);
        assertThat(filter(value, false).accepts(message(value))).isTrue();
        assertThat(filter(List.of("other", value), false).accepts(message(value + "v")))
                .isFalse();
    }

    @Test
    void aValueThatIsNoStringIsNone() {
        assertThat(filter("7", false).accepts(message(7))).isFalse();
        assertThat(filter("7", true).accepts(message(7))).isTrue();
    }
}
