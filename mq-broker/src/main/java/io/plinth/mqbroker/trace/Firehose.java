package io.plinth.mqbroker.trace;

import io.plinth.mqbroker.exchange.Attributes;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ShortString;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * RabbitMQ's firehose: while a virtual host is traced, a copy of every message goes to {@code amq.rabbitmq.trace}, with the key
 * {@code publish.EXCHANGE} as it comes and {@code deliver.QUEUE} as it leaves. The copies themselves are not traced, nor are they persistent.
 */
public final class Firehose {
    /** Where the copies go. */
    public static final String EXCHANGE = "amq.rabbitmq.trace";

    private static final byte[] NO_PROPERTIES = {0, 0};

    /** Octets of a header frame that are not properties. */
    private static final int FRAME = 20;
    /** What a copy goes without, first to last, where its header is larger than a frame. */
    private static final List<String> LONG = List.of("properties", "routed_queues", "routing_keys");

    /**
     * Who published, or was sent, a message.
     *
     * @param frameMax how large the header of a copy may be
     */
    public record By(String node, String vhost, String connection, int channel, String user, int frameMax) {
        private void put(Map<String, @Nullable Object> headers) {
            headers.put("vhost", vhost);
            headers.put("connection", connection);
            headers.put("channel", channel);
            headers.put("user", user);
        }
    }

    /** A copy and the queues it goes to. */
    public record Copy(Content content, List<QueueRef> queues) {}

    private Firehose() {}

    /** Of a message that was published, and the queues it went to; null where nobody wants it. */
    public static @Nullable Copy published(
            Topology topology, By by, Content message, Attributes attributes, Collection<QueueRef> queues) {
        Map<String, @Nullable Object> headers = headers(by, message, attributes);
        by.put(headers);
        headers.put("routed_queues", queues.stream().map(QueueRef::name).toList());
        return copy(topology, "publish." + message.exchange(), message, headers, by.frameMax());
    }

    /** Of a message that leaves a queue for a client; null where nobody wants it. */
    public static @Nullable Copy delivered(
            Topology topology, By by, Content message, String queue, boolean redelivered) {
        Map<String, @Nullable Object> headers = headers(by, message, new Attributes(message.properties()));
        headers.put("redelivered", redelivered ? 1 : 0);
        by.put(headers);
        return copy(topology, "deliver." + queue, message, headers, by.frameMax());
    }

    private static Map<String, @Nullable Object> headers(By by, Content message, Attributes attributes) {
        List<String> keys = new ArrayList<>();
        keys.add(message.routingKey());
        keys.addAll(attributes.copies());
        Map<String, @Nullable Object> headers = new LinkedHashMap<>();
        headers.put("exchange_name", message.exchange());
        headers.put("routing_keys", keys);
        headers.put("properties", ContentProperties.table(message.properties()));
        headers.put("node", by.node());
        return headers;
    }

    /** Properties cannot be spread over frames. */
    private static byte[] properties(Map<String, @Nullable Object> headers, int frameMax) {
        byte[] properties = ContentProperties.withHeaders(NO_PROPERTIES, new FieldTable(headers));
        for (String name : LONG) {
            if (properties.length + FRAME <= frameMax) {
                break;
            }
            headers.remove(name);
            properties = ContentProperties.withHeaders(NO_PROPERTIES, new FieldTable(headers));
        }
        return properties;
    }

    private static @Nullable Copy copy(
            Topology topology, String key, Content message, Map<String, @Nullable Object> headers, int frameMax) {
        Exchange exchange = topology.exchange(EXCHANGE);
        if (exchange == null || message.exchange().equals(EXCHANGE)) {
            return null;
        }
        FieldTable table = new FieldTable(headers);
        Set<QueueRef> queues = new LinkedHashSet<>();
        topology.route(exchange, key, Attributes.ofHeaders(table), queues);
        exchange.traffic().published(queues.size());
        return queues.isEmpty()
                ? null
                : new Copy(
                        new Content(EXCHANGE, ShortString.cut(key), properties(headers, frameMax), message.body()),
                        List.copyOf(queues));
    }
}
