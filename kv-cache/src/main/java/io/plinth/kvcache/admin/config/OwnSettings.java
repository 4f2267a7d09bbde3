package io.plinth.kvcache.admin.config;

import io.plinth.kvcache.admin.CommandReport;
import io.plinth.kvcache.admin.NodeFacts;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.script.Scripts;
import io.plinth.kvcache.wire.Doubles;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Redis's names for what this node does or does not do: by its file, or by CONFIG SET until the next start. */
final class OwnSettings {
    private static final long MAX_SLOW = 100_000;
    private static final int MAX_PERCENTILES = 32;
    private static final long LEAST_BULK = 1 << 20;
    private static final long MOST_BULK = 512L << 20;
    private static final Kind.Whole COUNT = new Kind.Whole(0, Long.MAX_VALUE);

    private final Map<String, Setting> all = new HashMap<>();

    private OwnSettings() {}

    private record Changing(Function<NodeState, String> read, BiFunction<NodeState, String, @Nullable String> write)
            implements Setting {
        @Override
        public String shown(NodeState node) {
            return read.apply(node);
        }

        @Override
        public @Nullable String change(NodeState node, String value) {
            return write.apply(node, value);
        }
    }

    /** The default user's password, which nobody is shown. */
    private record Password() implements Setting {
        @Override
        public String shown(NodeState node) {
            return node.settings().password() == null ? "" : "***";
        }

        @Override
        public @Nullable String change(NodeState node, String value) {
            node.settings().password(value.isEmpty() ? null : value);
            return null;
        }

        @Override
        public Runnable undo(NodeState node) {
            String before = node.settings().password();
            return () -> node.settings().password(before);
        }
    }

    /** What the Redis that is followed expects, which nobody is shown, either. */
    private record PrimaryPassword() implements Setting {
        @Override
        public String shown(NodeState node) {
            return node.settings().primaryPassword().isEmpty() ? "" : "***";
        }

        @Override
        public @Nullable String change(NodeState node, String value) {
            node.settings().primaryPassword(value);
            return null;
        }

        @Override
        public Runnable undo(NodeState node) {
            String before = node.settings().primaryPassword();
            return () -> node.settings().primaryPassword(before);
        }
    }

    /** {@code journal} is off, everysec or always; {@code more}: what else the file says. */
    static Map<String, Setting> of(
            Supplier<NodeFacts> facts, String journal, Scripts scripts, Map<String, String> more) {
        OwnSettings own = new OwnSettings();
        own.file(facts, journal);
        more.forEach((name, value) -> own.fixed(name, node -> value));
        own.seen();
        own.memory();
        own.packing();
        own.changing(
                "busy-reply-threshold",
                node -> Long.toString(scripts.busyMillis()),
                (node, value) -> COUNT.set(value, scripts::busyMillis));
        return own.all;
    }

    /** What the file says, or what this node is: refused unless it is so already, as what is promised here would not hold. */
    private void file(Supplier<NodeFacts> facts, String journal) {
        fixed("save", node -> "");
        fixed("appendonly", node -> journal.equals("off") ? "no" : "yes");
        fixed("appendfsync", node -> journal.equals("off") ? "everysec" : journal);
        fixed("replica-read-only", node -> "yes");
        fixed("min-replicas-to-write", node -> "0");
        fixed("port", node -> Integer.toString(facts.get().port()));
        changing("proto-max-bulk-len", node -> Integer.toString(node.limits().maxBulk()), (node, value) -> {
            long bytes = Kind.Size.bytes(value);
            // Redis takes more, and a string that is longer than an array may be is no use here.
            return bytes < 0
                    ? new Kind.Size().problem(value)
                    : new Kind.Whole(LEAST_BULK, MOST_BULK)
                            .set(Long.toString(bytes), most -> node.limits().maxBulk((int) most));
        });
        fixed(
                "client-query-buffer-limit",
                node -> Integer.toString(node.limits().maxRequest()));
        immutable("databases", node -> Integer.toString(Keyspace.DATABASES));
        immutable("cluster-enabled", node -> node.topology().get().clustered() ? "yes" : "no");
        immutable("enable-debug-command", node -> node.settings().debugCommand());
        changing("protected-mode", node -> node.settings().protectedMode() ? "yes" : "no", (node, value) -> {
            String problem = new Kind.Bool().problem(value);
            if (problem == null) {
                node.settings().protectedMode(value.equalsIgnoreCase("yes"));
            }
            return problem;
        });
        all.put("requirepass", new Password());
        all.put("masterauth", new PrimaryPassword());
        changing("masteruser", node -> node.settings().primaryUser(), (node, value) -> {
            node.settings().primaryUser(value);
            return null;
        });
        changing(
                "timeout",
                node -> Long.toString(node.settings().timeoutSeconds()),
                (node, value) -> new Kind.Whole(0, Integer.MAX_VALUE).set(value, node.settings()::timeoutSeconds));
        changing(
                "maxclients",
                node -> Integer.toString(node.clients().limit()),
                (node, value) -> new Kind.Whole(1, 9_999_999)
                        .set(value, most -> node.clients().limit((int) most)));
        changing(
                "notify-keyspace-events",
                node -> node.settings().events().text(),
                (node, value) -> node.settings().events().set(value)
                        ? null
                        : "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
        changing(
                "tracking-table-max-keys",
                node -> Long.toString(node.tracking().limit()),
                (node, value) -> new Kind.Whole(1, Integer.MAX_VALUE)
                        .set(value, most -> node.tracking().limit((int) most)));
    }

    /** What operators look at. */
    private void seen() {
        changing(
                "slowlog-log-slower-than",
                node -> Long.toString(node.stats().slowLog().slowerThan()),
                (node, value) -> new Kind.Whole(-1, Long.MAX_VALUE)
                        .set(value, node.stats().observations()::slowerThan));
        changing(
                "slowlog-max-len",
                node -> Long.toString(node.stats().slowLog().maxLength()),
                (node, value) ->
                        new Kind.Whole(0, MAX_SLOW).set(value, node.stats().slowLog()::maxLength));
        changing(
                "latency-monitor-threshold",
                node -> Long.toString(node.stats().latencies().threshold()),
                (node, value) -> COUNT.set(value, node.stats().observations()::threshold));
        changing("latency-tracking", node -> node.stats().observations().tracked() ? "yes" : "no", (node, value) -> {
            String problem = new Kind.Bool().problem(value);
            if (problem == null) {
                node.stats().observations().tracked(value.equalsIgnoreCase("yes"));
            }
            return problem;
        });
        changing(
                "latency-tracking-info-percentiles",
                node -> String.join(
                        " ",
                        node.stats().observations().percentiles().stream()
                                .map(CommandReport::plain)
                                .toList()),
                OwnSettings::percentiles);
    }

    private void memory() {
        changing(
                "maxmemory",
                node -> {
                    long limit = node.keyspace().memory().limit();
                    return Long.toString(limit == Long.MAX_VALUE ? 0 : limit);
                },
                (node, value) -> {
                    String problem = new Kind.Size().problem(value);
                    if (problem == null) {
                        node.keyspace().memoryLimit(Kind.Size.bytes(value));
                    }
                    return problem;
                });
        changing("maxmemory-policy", node -> node.settings().policy(), (node, value) -> {
            Eviction eviction = Eviction.of(value);
            if (eviction == null) {
                return "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random,"
                        + " volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction, s3-fifo";
            }
            node.settings().policy(value.toLowerCase(Locale.ROOT));
            node.keyspace().eviction(eviction);
            return null;
        });
    }

    /** How large collections may be and stay packed. */
    private void packing() {
        for (int i = 0; i < Packing.NAMES.size(); i++) {
            int at = i;
            String name = Packing.NAMES.get(at);
            long least = name.startsWith("list") ? Integer.MIN_VALUE : 0;
            changing(
                    name,
                    node -> Integer.toString(node.keyspace().packing().value(at)),
                    (node, value) -> packing(node, at, least, value));
        }
    }

    private static @Nullable String packing(NodeState node, int at, long least, String value) {
        boolean bytes = Packing.NAMES.get(at).matches(".*-(value|bytes)");
        long size = Kind.Size.bytes(value);
        if (bytes && size < 0) {
            return new Kind.Size().problem(value);
        }
        String given = bytes ? Long.toString(Math.min(size, Integer.MAX_VALUE)) : value;
        return new Kind.Whole(least, Integer.MAX_VALUE).set(given, limit -> {
            node.keyspace().packing(node.keyspace().packing().with(at, (int) limit));
        });
    }

    private static @Nullable String percentiles(NodeState node, String value) {
        List<Double> shown = new ArrayList<>();
        for (String word : value.isBlank() ? new String[0] : value.trim().split(" +", -1)) {
            double percent = Doubles.parse(word.getBytes(StandardCharsets.ISO_8859_1), 0, word.length());
            if (Double.isNaN(percent)) {
                return "Invalid latency-tracking-info-percentiles parameters";
            }
            if (percent < 0 || percent > 100 || shown.size() == MAX_PERCENTILES) {
                return "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
            }
            shown.add(percent);
        }
        node.stats().observations().percentiles(shown);
        return null;
    }

    private void changing(
            String name, Function<NodeState, String> read, BiFunction<NodeState, String, @Nullable String> write) {
        all.put(name, new Changing(read, write));
    }

    /** Tools set what they rely on without looking; what is so already needs no change. */
    private void fixed(String name, Function<NodeState, String> read) {
        changing(
                name,
                read,
                (node, value) -> read.apply(node).equalsIgnoreCase(value)
                        ? null
                        : "can't set immutable config (it is set in the file)");
    }

    /** What Redis does not let change, either. */
    private void immutable(String name, Function<NodeState, String> read) {
        changing(name, read, (node, value) -> new Kind.Fixed().problem(value));
    }
}
