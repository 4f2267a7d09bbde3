package io.plinth.mqbroker.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.mqbroker.exchange.Binding;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class FirehoseTest {
    private static final int FRAME_MAX = 8192;
    private static final Firehose.By BY = new Firehose.By("node", "/", "connection", 1, "guest", FRAME_MAX);

    private final Topology topology = new Topology("/");

    FirehoseTest() {
        QueueRef queue = new QueueRef(1, "/", "hose", 0, true, false, null, FieldTable.EMPTY);
        topology.add(queue);
        Exchange exchange = Objects.requireNonNull(topology.exchange(Firehose.EXCHANGE));
        topology.bind(exchange, new Binding(queue, "#", FieldTable.EMPTY));
    }

    private FieldTable copied(int header) {
        byte[] properties =
                ContentProperties.withHeaders(new byte[2], FieldTable.EMPTY.with("long", "x".repeat(header)));
        Content message = new Content("", "key", properties, new byte[1]);
        Firehose.Copy copy = Objects.requireNonNull(Firehose.delivered(topology, BY, message, "q", false));
        assertThat(copy.queues()).hasSize(1);
        assertThat(copy.content().properties().length + 20).isLessThanOrEqualTo(FRAME_MAX);
        return ContentProperties.headers(copy.content().properties());
    }

    @Test
    void aCopyGoesWithoutPropertiesWhoseHeaderWouldBeLongerThanAFrame() {
        assertThat(copied(6000).entries()).containsKeys("exchange_name", "routing_keys", "properties", "redelivered");
        assertThat(copied(8100).entries())
                .containsKeys("exchange_name", "routing_keys", "redelivered")
                .doesNotContainKey("properties");
    }
}
