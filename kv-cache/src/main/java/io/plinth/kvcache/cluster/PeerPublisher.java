package io.plinth.kvcache.cluster;

/** Takes what was published here to the other nodes of the cluster, as far as they can be reached. */
public interface PeerPublisher {
    /** Hands a message over; never blocks. The arrays are not changed any more. */
    void publish(byte[] channel, byte[] message);
}
