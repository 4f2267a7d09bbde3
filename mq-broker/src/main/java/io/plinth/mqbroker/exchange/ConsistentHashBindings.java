package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One destination per message. A binding key is a weight: so many buckets lead to its destination, and the bucket of a message is the jump
 * consistent hash (Lamping, Veach 2014) of what is hashed, so that a binding more moves no more messages than its share.
 */
final class ConsistentHashBindings implements Bindings {
    /** The heaviest binding. */
    static final int MAX_WEIGHT = 1000;

    private final @Nullable String header;
    private final ContentProperties.@Nullable Field property;
    private volatile Destination[] buckets = Destinations.NONE;

    ConsistentHashBindings(FieldTable arguments) {
        this.header = arguments.string("hash-header");
        this.property = property(arguments.string("hash-property"));
    }

    /** The property that is hashed, or null for a name that stands for none. */
    static ContentProperties.@Nullable Field property(@Nullable String name) {
        return switch (name) {
            case "message_id" -> ContentProperties.Field.MESSAGE_ID;
            case "correlation_id" -> ContentProperties.Field.CORRELATION_ID;
            case null, default -> null;
        };
    }

    /** The weight a binding key says, or 0 where it says none. */
    static int weight(String key) {
        if (key.isEmpty() || key.length() > 4 || !key.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return 0;
        }
        int weight = Integer.parseInt(key);
        return weight <= MAX_WEIGHT ? weight : 0;
    }

    @Override
    public void add(Binding binding) {
        Destination[] more = new Destination[weight(binding.routingKey())];
        Arrays.fill(more, binding.destination());
        buckets = Destinations.join(buckets, more);
    }

    @Override
    public void remove(Binding binding) {
        Destination[] left = buckets;
        for (int i = weight(binding.routingKey()); i > 0; i--) {
            left = Destinations.without(left, binding.destination());
        }
        buckets = left;
    }

    @Override
    public void match(String routingKey, Attributes attributes, Consumer<Destination> found) {
        Destination[] all = buckets;
        if (all.length > 0) {
            found.accept(all[bucket(hash(hashed(routingKey, attributes)), all.length)]);
        }
    }

    private String hashed(String routingKey, Attributes attributes) {
        if (header != null) {
            return String.valueOf(attributes.headers().get(header));
        }
        return property != null ? String.valueOf(attributes.property(property)) : routingKey;
    }

    /** FNV-1a, then the finisher of MurmurHash3, for keys that differ in their last characters only. */
    private static long hash(String text) {
        long hash = 0xCBF2_9CE4_8422_2325L;
        for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (octet & 0xFF)) * 0x100_0000_01B3L;
        }
        hash = (hash ^ hash >>> 33) * 0xFF51_AFD7_ED55_8CCDL;
        return hash ^ hash >>> 33;
    }

    private static int bucket(long hash, int count) {
        long key = hash;
        long bucket = -1;
        long next = 0;
        while (next < count) {
            bucket = next;
            key = key * 2862933555777941757L + 1;
            next = (long) ((bucket + 1) * (0x1.0p31 / ((key >>> 33) + 1)));
        }
        return (int) bucket;
    }
}
