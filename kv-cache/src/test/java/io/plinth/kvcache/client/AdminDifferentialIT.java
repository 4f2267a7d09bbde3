package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators ask for, beside Debian's redis-server: the same shapes, and the same words for mistakes; numbers are left out. */
@Timeout(60)
@RequiresPeer("redis-server")
class AdminDifferentialIT {
    /** Behind a tilde, numbers are replaced by {@code n}. */
    private static final String[] LINES = {
        "CONFIG RESETSTAT",
        "CONFIG SET slowlog-log-slower-than 0",
        "CONFIG GET slowlog-max-len",
        "CONFIG GET slowlog-log-slower-than",
        "CONFIG GET latency-tracking",
        "CONFIG GET latency-tracking-info-percentiles",
        "SET a b",
        "LPUSH a 1",
        "GET",
        "INCR a",
        "~SLOWLOG GET 2",
        "SLOWLOG GET x",
        "SLOWLOG GET -2",
        "SLOWLOG GET 1 2",
        "SLOWLOG GET 0",
        "SLOWLOG NOSUCH",
        "SLOWLOG",
        "SLOWLOG LEN x",
        "SLOWLOG HELP",
        "SLOWLOG RESET",
        "CONFIG SET slowlog-log-slower-than -1",
        "SLOWLOG LEN",
        "SLOWLOG RESET",
        "SLOWLOG LEN",
        "SLOWLOG GET",
        "CONFIG SET slowlog-log-slower-than x",
        "CONFIG SET slowlog-log-slower-than -5",
        "CONFIG SET slowlog-max-len x",
        "CONFIG SET latency-monitor-threshold -1",
        "CONFIG SET latency-tracking maybe",
        "CONFIG SET latency-tracking-info-percentiles x",
        "CONFIG SET latency-tracking-info-percentiles 101",
        "LATENCY HELP",
        "LATENCY LATEST",
        "LATENCY HISTORY nosuch",
        "LATENCY HISTORY",
        "LATENCY GRAPH nosuch",
        "LATENCY RESET",
        "LATENCY RESET a b",
        "LATENCY NOSUCH",
        "LATENCY",
        "~LATENCY HISTOGRAM set nosuch",
        "LATENCY HISTOGRAM nosuch",
        "CONFIG SET latency-tracking no",
        "APPEND a c",
        "LATENCY HISTOGRAM append",
        "CONFIG SET latency-tracking yes",
        "MEMORY HELP",
        "MEMORY NOSUCH",
        "MEMORY",
        "~MEMORY STATS",
        "MEMORY STATS x",
        "MEMORY PURGE",
        "MEMORY USAGE",
        "MEMORY USAGE nosuch",
        "~MEMORY USAGE a",
        "MEMORY USAGE a SAMPLES",
        "MEMORY USAGE a SAMPLES x",
        "MEMORY USAGE a SAMPLES -1",
        "MEMORY USAGE a X 1",
        "~MEMORY USAGE a SAMPLES 0",
        "~INFO keyspace",
        "PSETEX t 100000 x",
        "~INFO keyspace",
        "~INFO errorstats",
        "CONFIG RESETSTAT",
        "SET a b",
        "HSET a f v",
        "SET a",
        "OBJECT ENCODING a",
        "~INFO commandstats",
        "~INFO latencystats",
        "~INFO errorstats",
        "CONFIG SET latency-tracking-info-percentiles 50",
        "~INFO latencystats",
        "CONFIG SET latency-tracking-info-percentiles",
    };

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void showsWhatRedisShows(int protocol, @TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1)) {
            List<String> ours = transcript(node.port(0), protocol);
            List<String> theirs = transcript(peer.port(), protocol);
            List<String> different = new ArrayList<>();
            for (int i = 0; i < LINES.length; i++) {
                if (!ours.get(i).equals(theirs.get(i))) {
                    different.add("ours:   " + ours.get(i) + "\ntheirs: " + theirs.get(i));
                }
            }
            assertThat(String.join("\n", different)).isEmpty();
        } finally {
            peer.close();
        }
    }

    private static List<String> transcript(int port, int protocol) throws Exception {
        List<String> said = new ArrayList<>();
        try (RawClient raw = new RawClient(port)) {
            raw.call("HELLO", Integer.toString(protocol));
            for (String line : LINES) {
                boolean shape = line.startsWith("~");
                String command = shape ? line.substring(1) : line;
                String reply = raw.call(command.split(" ", -1));
                said.add(command + " -> " + (shape ? shape(reply) : reply));
            }
        }
        return said;
    }

    /** A reply without its numbers, and with the lines of INFO in order. */
    private static String shape(String reply) {
        List<String> lines = new ArrayList<>();
        for (String line : reply.split("\r\n", -1)) {
            boolean number = line.matches("[,:]?-?[\\d.]+(e-?\\d+)?");
            if (number && !lines.isEmpty() && lines.getLast().matches("\\$\\d+")) {
                lines.removeLast();
            }
            boolean length = line.matches("[$=]\\d+") && reply.contains("# ");
            lines.add(
                    number
                            ? "n"
                            : length
                                    ? "text"
                                    : line.replaceAll("=[\\d.]+", "=n").replaceAll("127.0.0.1:\\d+", "address"));
        }
        if (reply.contains("# ")) {
            lines.sort(Comparator.naturalOrder());
        }
        return String.join("\n", lines);
    }

    @Test
    void aLongScriptIsInTheSlowLog(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient raw = new RawClient(node.port(0))) {
            raw.call("EVAL", "local n = 0 while n < 3000000 do n = n + 1 end return n", "0");
            assertThat(raw.call("SLOWLOG", "GET"))
                    .startsWith("*1\r\n*6\r\n:0\r\n")
                    .contains("$4\r\nEVAL\r\n");
            assertThat(raw.call("INFO", "commandstats")).contains("cmdstat_eval:calls=1,");
            InetSocketAddress admin = node.node(0).admin();
            String metrics = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin.getPort() + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
            assertThat(metrics)
                    .contains(
                            "kvcache_command_latency_seconds{command=\"eval\",quantile=\"0.99\"} ",
                            "kvcache_command_latency_seconds_count{command=\"eval\"} 1",
                            "command=\"slowlog|get\"",
                            "kvcache_expiry_lag_seconds_bucket{le=\"0.1\"} 0");
        }
    }
}
