package io.plinth.mqbroker.session;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What one connection may ask for.
 *
 * @param publishWindow octets of publishes on their way to shards and logs before reading stops
 * @param deliveryWindow octets of deliveries on their way to the socket before shards stop
 * @param transaction octets of messages a transaction holds
 * @param partial octets of bodies of which not all frames have come
 * @param consumerTimeout how long a delivery may wait for acknowledgement, 0 for ever
 * @param anonymous who a client is that says nothing about it, null where it may not
 * @param gather how long a loop lets messages gather between two looks at its sockets, 0 for not at all
 * @param pendingFrames frames of a channel that wait behind an operation before reading stops
 */
public record SessionLimits(
        int frameMax,
        int channelMax,
        Duration heartbeat,
        Duration handshake,
        int tableDepth,
        int tableBytes,
        long messageBytes,
        int unackedPerChannel,
        int consumersPerChannel,
        int connections,
        long publishWindow,
        long deliveryWindow,
        int pendingFrames,
        long transaction,
        long partial,
        Duration consumerTimeout,
        @Nullable String anonymous,
        Duration gather) {}
