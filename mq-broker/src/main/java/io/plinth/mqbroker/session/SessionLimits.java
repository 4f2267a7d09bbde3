package io.plinth.mqbroker.session;

import java.time.Duration;

/**
 * What one connection may ask for.
 *
 * @param publishWindow octets of publishes on their way to shards and logs before reading stops
 * @param deliveryWindow octets of deliveries on their way to the socket before shards stop
 * @param transaction octets of messages a transaction holds
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
        long transaction) {}
