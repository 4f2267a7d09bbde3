package io.plinth.mqbroker.argument;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class QueueArgumentsTest {
    private static QueueArguments deadLettering(String key) {
        return QueueArguments.of(
                new FieldTable(Map.of("x-dead-letter-exchange", "x", "x-dead-letter-routing-key", key)));
    }

    @Test
    void aTimeIsAtMostTenYears() {
        for (String argument : List.of("x-message-ttl", "x-expires")) {
            QueueArguments arguments = QueueArguments.of(new FieldTable(Map.of(argument, 315_360_000_000L)));
            assertThat(Math.max(arguments.ttl(), arguments.expires())).isEqualTo(315_360_000_000L);
            assertThatThrownBy(() -> QueueArguments.of(new FieldTable(Map.of(argument, 315_360_000_001L))))
                    .isInstanceOf(AmqpException.class);
        }
    }

    @Test
    void aRetryOfTenYearsIsNotOverdue() {
        QueueArguments.Retry retry = new QueueArguments.Retry(315_360_000_000L, 315_360_000_000L, 0);
        assertThat(retry.delay(Integer.MAX_VALUE)).isEqualTo(315_360_000_000L);
        assertThat(new QueueArguments.Retry(100, 250, 0).delay(2)).isEqualTo(200);
        assertThat(new QueueArguments.Retry(100, 250, 0).delay(3)).isEqualTo(250);
    }

    @Test
    void aRoutingKeyOfDeadLettersIsAShortString() {
        assertThat(deadLettering("k".repeat(255)).deadLetterRoutingKey()).hasSize(255);
        for (String key : new String[] {"k".repeat(256), "\u00e9".repeat(128), "k".repeat(70_000)}) {
            assertThatThrownBy(() -> deadLettering(key))
                    .isInstanceOfSatisfying(
                            AmqpException.class, e -> assertThat(e.code()).isEqualTo(ReplyCode.PRECONDITION_FAILED))
                    .hasMessageContaining("at most 255 octets");
        }
    }
}
