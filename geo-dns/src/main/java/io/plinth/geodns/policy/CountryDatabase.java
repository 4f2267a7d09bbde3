package io.plinth.geodns.policy;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/** Networks and their countries. Immutable once loaded. */
public interface CountryDatabase {
    /** Takes one network. */
    @FunctionalInterface
    interface NetworkSink {
        /**
         * Called for each network that has a country.
         *
         * @param address 4 or 16 octets
         * @param prefix bits of it that count
         * @param country an upper-case code
         */
        void network(byte[] address, int prefix, String country);
    }

    /** Gives every network, in no particular order and none twice. */
    void forEach(NetworkSink sink);

    /** The country of one address, or null. For explaining, not for answering. */
    @Nullable
    String country(InetAddress address);

    /** What it is, for people. */
    String describe();
}
