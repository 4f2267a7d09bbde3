package io.plinth.kvcache.session;

import java.util.Arrays;

/**
 * The name of a channel, or a pattern, by its value. Ordered so that many names of one hash code stay searchable.
 *
 * @param bytes never to be changed
 */
public record Channel(byte[] bytes) implements Comparable<Channel> {
    @Override
    public boolean equals(Object other) {
        return other instanceof Channel channel && Arrays.equals(bytes, channel.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Whether its first bytes are those of another. */
    public boolean startsWith(Channel prefix) {
        int length = prefix.bytes.length;
        return bytes.length >= length && Arrays.equals(bytes, 0, length, prefix.bytes, 0, length);
    }

    @Override
    public int compareTo(Channel other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }
}
