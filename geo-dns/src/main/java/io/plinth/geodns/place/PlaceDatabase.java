package io.plinth.geodns.place;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Networks and where they are, or whose. Immutable once loaded. */
public interface PlaceDatabase {
    /** Takes one network. */
    @FunctionalInterface
    interface NetworkSink<T> {
        /**
         * Called for each network that something is known of.
         *
         * @param address 4 or 16 octets
         * @param prefix bits of it that count
         */
        void network(byte[] address, int prefix, T known);
    }

    /** Gives every network with its place, in no particular order and none twice. */
    void places(NetworkSink<Place> sink);

    /** Gives every network with the number of its autonomous system. */
    void systems(NetworkSink<Long> sink);

    /** The place of one address, or null. For explaining, not for answering. */
    @Nullable
    Place place(InetAddress address);

    /** The autonomous system of one address, or null. For explaining, not for answering. */
    @Nullable
    Long system(InetAddress address);

    /** What it is, for people. */
    String describe();
}
