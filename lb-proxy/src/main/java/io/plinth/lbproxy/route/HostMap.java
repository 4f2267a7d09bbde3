package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.Octets;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Host names to their paths, looked up from a request's bytes without making a string. Immutable. */
final class HostMap<T> {
    private record Entry<T>(byte[] name, PathRoutes<T> paths) {}

    private final List<List<Entry<T>>> buckets;
    private final int mask;

    HostMap(Map<String, PathRoutes<T>> hosts) {
        int size = Integer.highestOneBit(Math.max(1, hosts.size())) * 4;
        mask = size - 1;
        List<List<Entry<T>>> filling = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            filling.add(new ArrayList<>());
        }
        hosts.forEach((host, paths) -> {
            byte[] name = host.getBytes(StandardCharsets.US_ASCII);
            filling.get(hash(name, 0, name.length) & mask).add(new Entry<>(name, paths));
        });
        buckets = filling.stream().map(List::copyOf).toList();
    }

    private static int hash(byte[] bytes, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + Octets.lower(bytes[i]);
        }
        return hash ^ (hash >>> 15);
    }

    @Nullable
    PathRoutes<T> find(byte[] bytes, int from, int to) {
        List<Entry<T>> bucket = buckets.get(hash(bytes, from, to) & mask);
        for (int i = 0; i < bucket.size(); i++) {
            Entry<T> entry = bucket.get(i);
            if (Octets.equalsIgnoreCase(bytes, from, to, entry.name)) {
                return entry.paths;
            }
        }
        return null;
    }

    boolean isEmpty() {
        return buckets.stream().allMatch(List::isEmpty);
    }
}
