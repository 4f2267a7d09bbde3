package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.wire.Doubles;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** CONFIG: Redis's names for what this node is set to; a few can be changed until the next start. */
public final class ConfigTable {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,15})(b|k|kb|m|mb|g|gb)?");

    private static final long MAX_SLOW = 100_000;
    private static final int MAX_PERCENTILES = 32;

    private final Map<String, Function<NodeState, String>> names = new TreeMap<>();

    public ConfigTable(Supplier<NodeFacts> facts) {
        this(facts, "off");
    }

    /** {@code journal} is off, everysec or always. */
    public ConfigTable(Supplier<NodeFacts> facts, String journal) {
        fixed("save", "");
        fixed("appendonly", journal.equals("off") ? "no" : "yes");
        fixed("appendfsync", journal.equals("off") ? "everysec" : journal);
        names.put("notify-keyspace-events", node -> node.settings().events().text());
        names.put("timeout", node -> Long.toString(node.settings().timeoutSeconds()));
        fixed("tcp-keepalive", "300");
        fixed("databases", Integer.toString(Keyspace.DATABASES));
        fixed("hash-max-listpack-entries", "512");
        fixed("hash-max-listpack-value", "64");
        fixed("lazyfree-lazy-eviction", "no");
        names.put(
                "slowlog-log-slower-than",
                node -> Long.toString(node.stats().slowLog().slowerThan()));
        names.put(
                "slowlog-max-len", node -> Long.toString(node.stats().slowLog().maxLength()));
        names.put(
                "latency-monitor-threshold",
                node -> Long.toString(node.stats().latencies().threshold()));
        names.put("latency-tracking", node -> node.stats().observations().tracked() ? "yes" : "no");
        names.put(
                "latency-tracking-info-percentiles",
                node -> String.join(
                        " ",
                        node.stats().observations().percentiles().stream()
                                .map(CommandReport::plain)
                                .toList()));
        fixed("replica-read-only", "yes");
        fixed("io-threads", "1");
        names.put("port", node -> Integer.toString(facts.get().port()));
        names.put("cluster-enabled", node -> node.topology().get().clustered() ? "yes" : "no");
        names.put("maxclients", node -> Integer.toString(node.clients().limit()));
        names.put("proto-max-bulk-len", node -> Integer.toString(node.limits().maxBulk()));
        names.put(
                "client-query-buffer-limit",
                node -> Integer.toString(node.limits().maxRequest()));
        names.put("maxmemory-policy", node -> node.settings().policy());
        names.put("maxmemory", node -> {
            long limit = node.keyspace().memory().limit();
            return Long.toString(limit == Long.MAX_VALUE ? 0 : limit);
        });
        names.put("requirepass", node -> node.settings().password() == null ? "" : "***");
    }

    private void fixed(String name, String value) {
        names.put(name, node -> value);
    }

    void run(Call call) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "GET" -> get(call);
            case "SET" -> set(call);
            case "RESETSTAT" -> {
                call.node().stats().reset();
                call.keyspace().resetStats();
                call.out().ok();
            }
            case "REWRITE" -> throw new CommandException("ERR The server is running without a config file");
            case "HELP" -> Help.write(call, "CONFIG", "GET <pattern>", "SET <directive> <value>", "RESETSTAT");
            default -> throw CommandException.subcommand(call.text(1), "CONFIG");
        }
    }

    private void get(Call call) {
        Map<String, String> found = new LinkedHashMap<>();
        for (int i = 2; i < call.count(); i++) {
            Glob glob = new Glob(call.text(i).toLowerCase(Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1));
            names.forEach((name, value) -> {
                if (glob.matches(name.getBytes(StandardCharsets.ISO_8859_1))) {
                    found.put(name, value.apply(call.node()));
                }
            });
        }
        call.out().map(found.size());
        found.forEach((name, value) -> {
            call.out().bulk(name);
            call.out().bulk(value);
        });
    }

    private void set(Call call) {
        if (call.count() % 2 == 1) {
            throw CommandException.arity("config|set");
        }
        for (int i = 2; i < call.count(); i += 2) {
            String name = call.text(i).toLowerCase(Locale.ROOT);
            if (!names.containsKey(name)) {
                throw new CommandException("ERR Unknown option or number of arguments for CONFIG SET - '"
                        + call.text(i).replace('\r', ' ').replace('\n', ' ') + "'");
            }
        }
        for (int i = 2; i < call.count(); i += 2) {
            String name = call.text(i).toLowerCase(Locale.ROOT);
            String problem = change(call.node(), name, call.text(i + 1));
            if (problem != null) {
                throw new CommandException(
                        "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + problem);
            }
        }
        call.out().ok();
    }

    /** Changes a setting; answers what is wrong, or null. */
    private @Nullable String change(NodeState node, String name, String value) {
        return switch (name) {
            case "maxmemory" -> {
                long bytes = size(value);
                if (bytes < 0) {
                    yield "argument must be a memory value";
                }
                node.keyspace().memoryLimit(bytes);
                yield null;
            }
            case "maxmemory-policy" -> {
                Eviction eviction = Eviction.of(value);
                if (eviction == null) {
                    yield "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random,"
                            + " volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction, s3-fifo";
                }
                node.settings().policy(value.toLowerCase(Locale.ROOT));
                node.keyspace().eviction(eviction);
                yield null;
            }
            case "notify-keyspace-events" ->
                node.settings().events().set(value) ? null : "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
            case "maxclients" -> {
                if (!value.matches("[1-9]\\d{0,6}")) {
                    yield "argument must be between 1 and 9999999 inclusive";
                }
                node.clients().limit(Integer.parseInt(value));
                yield null;
            }
            case "slowlog-log-slower-than" ->
                number(value, -1, Long.MAX_VALUE, node.stats().observations()::slowerThan);
            case "timeout" -> number(value, 0, Integer.MAX_VALUE, node.settings()::timeoutSeconds);
            case "slowlog-max-len" -> number(value, 0, MAX_SLOW, node.stats().slowLog()::maxLength);
            case "latency-monitor-threshold" ->
                number(value, 0, Long.MAX_VALUE, node.stats().observations()::threshold);
            case "latency-tracking" -> {
                boolean yes = value.equalsIgnoreCase("yes");
                if (!yes && !value.equalsIgnoreCase("no")) {
                    yield "argument must be 'yes' or 'no'";
                }
                node.stats().observations().tracked(yes);
                yield null;
            }
            case "latency-tracking-info-percentiles" -> percentiles(node, value);
            default -> {
                Function<NodeState, String> known = names.get(name);
                // Tools set what they rely on without looking; what is so already needs no change.
                yield known != null && known.apply(node).equals(value)
                        ? null
                        : "can't set immutable config (it is set in the file)";
            }
        };
    }

    private static @Nullable String number(String value, long least, long most, LongConsumer set) {
        long number;
        try {
            number = Long.parseLong(value);
        } catch (NumberFormatException e) {
            return "argument couldn't be parsed into an integer";
        }
        if (number < least || number > most) {
            return "argument must be between " + least + " and " + most + " inclusive";
        }
        set.accept(number);
        return null;
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

    private static long size(String text) {
        Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            return -1;
        }
        String unit = matcher.group(2);
        long factor = switch (unit == null ? "b" : unit) {
            case "k" -> 1000L;
            case "kb" -> 1L << 10;
            case "m" -> 1_000_000L;
            case "mb" -> 1L << 20;
            case "g" -> 1_000_000_000L;
            case "gb" -> 1L << 30;
            default -> 1L;
        };
        long number = Long.parseLong(matcher.group(1));
        return number > Long.MAX_VALUE / factor ? -1 : number * factor;
    }
}
