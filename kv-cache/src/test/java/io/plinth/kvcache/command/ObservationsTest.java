package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import org.junit.jupiter.api.Test;

class ObservationsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    private String info(String section) {
        return client.run("INFO " + section);
    }

    @Test
    void keepsCommandsThatTookLongWithoutTheirSecrets() {
        assertThat(client.run("SET quick 1")).isEqualTo("+OK|");
        node.nanosPerCommand = 20_000_000;
        client.run("GET " + "k".repeat(200));
        client.run("AUTH secret");
        client.run("DEL" + " a".repeat(40));
        node.nanosPerCommand = 1_000;

        String entry = "*6|:%d|:1700000000|:20000|";
        assertThat(client.run("SLOWLOG LEN")).isEqualTo(":3|");
        assertThat(client.run("SLOWLOG GET -1"))
                .startsWith("*3|" + entry.formatted(2) + "*32|$3|DEL|$1|a|")
                .contains("$1|a|$23|... (10 more arguments)|$9|1.2.3.4:5|$0||")
                .contains(entry.formatted(1) + "*2|$4|AUTH|$10|(redacted)|$9|1.2.3.4:5|$0||")
                .contains(entry.formatted(0) + "*2|$3|GET|$147|" + "k".repeat(128) + "... (72 more bytes)|");
        assertThat(client.run("CONFIG SET slowlog-max-len 1")).isEqualTo("+OK|");
        assertThat(client.run("SLOWLOG GET")).startsWith("*1|").doesNotContain("redacted");
        assertThat(client.run("CONFIG SET slowlog-log-slower-than -1")).isEqualTo("+OK|");
        node.nanosPerCommand = 20_000_000;
        client.run("GET k");
        assertThat(client.run("SLOWLOG RESET")).isEqualTo("+OK|");
        assertThat(client.run("SLOWLOG GET")).isEqualTo("*0|");
    }

    @Test
    void keepsTheWorstMomentOfASecond() {
        node.nanosPerCommand = 30_000_000;
        client.run("GET a");
        assertThat(client.run("LATENCY LATEST")).isEqualTo("*0|");
        client.run("CONFIG SET latency-monitor-threshold 25");
        client.run("LATENCY RESET");
        client.run("GET a");
        node.nanosPerCommand = 50_000_000;
        client.run("GET a");
        client.run("LPUSH l 1");
        node.now += 1_000;
        node.nanosPerCommand = 40_000_000;
        client.run("GET a");
        node.nanosPerCommand = 1_000;
        client.run("GET a");

        assertThat(client.run("LATENCY LATEST"))
                .contains("*4|$12|fast-command|:1700000001|:40|:50|")
                .startsWith("*2|*4|$7|command|");
        assertThat(client.run("LATENCY HISTORY fast-command")).isEqualTo("*2|*2|:1700000000|:50|*2|:1700000001|:40|");
        assertThat(client.run("LATENCY DOCTOR")).contains("fast-command: 2 seconds with one, 45 ms on average, 50 ms");
        assertThat(client.run("LATENCY GRAPH fast-command")).contains("fast-command - high 50 ms, low 40 ms");
        assertThat(client.run("LATENCY RESET fast-command none")).isEqualTo(":1|");
        assertThat(client.run("LATENCY HISTORY fast-command")).isEqualTo("*0|");
    }

    @Test
    void countsCommandsAndErrorsAsRedis7Shows() {
        node.nanosPerCommand = 7_000;
        client.run("SET s x");
        client.run("SET s x");
        client.run("LPUSH s 1");
        client.run("GET");
        client.run("nosuch");
        client.run("CONFIG GET port");
        client.run("MULTI");
        client.run("INCR s");
        client.run("EXEC");

        assertThat(info("commandstats"))
                .contains("|cmdstat_set:calls=2,usec=14,usec_per_call=7.00,rejected_calls=0,failed_calls=0|")
                .contains("|cmdstat_lpush:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,failed_calls=1|")
                .contains("|cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0|")
                .contains("|cmdstat_incr:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,failed_calls=1|")
                .contains("|cmdstat_config|get:calls=1,")
                .contains("|cmdstat_exec:calls=1,usec=14,");
        assertThat(info("errorstats")).contains("# Errorstats|errorstat_ERR:count=3|errorstat_WRONGTYPE:count=1|");
        assertThat(info("latencystats")).contains("|latency_percentiles_usec_set:p50=7.007,p99=7.007,p99.9=7.007|");
        assertThat(client.run("LATENCY HISTOGRAM set nosuch config"))
                .isEqualTo("*4|$10|config|get|*4|$5|calls|:1|$14|histogram_usec|*2|:8|:1|"
                        + "$3|set|*4|$5|calls|:2|$14|histogram_usec|*2|:8|:2|");
        client.run("CONFIG SET latency-tracking-info-percentiles 50");
        client.run("CONFIG RESETSTAT");
        assertThat(info("commandstats")).doesNotContain("cmdstat_set").contains("cmdstat_config|resetstat");
        client.run("SET s x");
        assertThat(info("all")).contains("cmdstat_set:calls=1,", "|latency_percentiles_usec_set:p50=7.007|");
        assertThat(info("default")).doesNotContain("cmdstat_").contains("# Errorstats|");
    }

    @Test
    void tellsWhatMemoryIsUsedFor() {
        client.run("SET k v");
        client.run("SET e v PX 100000");
        assertThat(info("keyspace")).contains("db0:keys=2,expires=1,avg_ttl=100000");
        assertThat(client.run("MEMORY STATS"))
                .startsWith("*56|$14|peak.allocated|:")
                .contains("|$4|db.0|*6|", "|$10|keys.count|:2|", "|$18|dataset.percentage|$");
        assertThat(client.run("MEMORY USAGE k")).isEqualTo(client.run("MEMORY USAGE k SAMPLES 0"));
        assertThat(client.run("MEMORY USAGE k SAMPLES -1")).isEqualTo("-ERR syntax error|");
        assertThat(client.run("MEMORY USAGE nosuch")).isEqualTo("$-1|");
        assertThat(client.run("MEMORY PURGE")).isEqualTo("+OK|");
    }
}
