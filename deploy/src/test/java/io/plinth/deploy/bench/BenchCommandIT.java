package io.plinth.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.plinth.deploy.Plinth;
import io.plinth.deploy.stack.Script;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** One short round: not what it measures, but that it measures and says so in the form agreed. */
class BenchCommandIT {
    @TempDir
    Path folder;

    @Test
    @RequiresPeer("wrk")
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void aShortBenchWritesItsReport() throws Exception {
        Path file = folder.resolve("bench.json");
        Script.Result bench = Script.run(
                Map.of(),
                "bench",
                "lb-proxy",
                "h1-small",
                "connect",
                "--rounds=1",
                "--seconds=1",
                "--connections=8",
                "--warm-up=0",
                "--json=" + file);
        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.out()).contains("h1-small", "connect", "lb-proxy-io_uring", "requests/s", "CPU us/req");

        Map<String, Object> report = scalars(file);
        assertThat(report).containsEntry("daemon", "lb-proxy").containsEntry("cases.0.name", "h1-small");
        assertThat(report)
                .containsKeys(
                        "machine",
                        "cases.0.cpu_ratio",
                        "cases.0.variants.lb-proxy-io_uring_cpu_ratio",
                        "cases.1.throughput_ratio");
        for (String number : new String[] {"throughput", "cpu_us", "p50_us", "p99_us"}) {
            assertThat(((Number) report.getOrDefault("cases.0.ours." + number, -1)).doubleValue())
                    .as(number)
                    .isPositive();
            for (String peer : new String[] {"haproxy", "nginx"}) {
                assertThat(report.containsKey("cases.0.peers." + peer + "." + number))
                        .as(peer)
                        .isEqualTo(Peer.find(peer).isPresent());
            }
        }
    }

    @Test
    @RequiresPeer("rabbitmq-server")
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void onlyTheCasesNamedAreMeasured() throws Exception {
        Path file = folder.resolve("bench.json");
        Script.Result bench = Script.run(
                Map.of(),
                "bench",
                "mq-broker",
                "persistent",
                "backlog",
                "perftest",
                "--backlog=2000",
                "--rounds=1",
                "--seconds=1",
                "--warm-up=0",
                "--json=" + file);
        assertThat(bench.exitCode()).as(bench.err()).isZero();
        Map<String, Object> report = scalars(file);
        assertThat(report)
                .containsEntry("cases.0.name", "persistent")
                .containsEntry("cases.1.name", "backlog")
                .containsEntry("cases.2.name", "perftest")
                .containsKeys("cases.0.cpu_ratio", "cases.1.cpu_ratio", "cases.2.cpu_ratio")
                .doesNotContainKey("cases.3.name");
        assertThat(((Number) report.getOrDefault("cases.1.peers.rabbitmq-server.resident_mib", -1)).doubleValue())
                .isPositive();
        StringWriter err = new StringWriter();
        assertThat(plinth(err, "bench", "mq-broker", "no-such")).isEqualTo(2);
        assertThat(err.toString()).contains("case no-such (expected: some of [transient, ");
    }

    /** Each has files, programs and peers of its own to set up, so each can break alone. */
    @ParameterizedTest
    @CsvSource({"geo-dns,geo,0", "kv-cache,get-p16,1", "db-proxy,prepared,0"})
    @RequiresPeer({"dnsperf", "gdnsd", "redis-server", "pgbench", "pgbouncer"})
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void theBenchOfEveryDaemonMeasuresItAndAPeer(String daemon, String name, int warmUp) throws Exception {
        Path file = folder.resolve("bench.json");
        Script.Result bench = Script.run(
                Map.of(),
                "bench",
                daemon,
                name,
                "--rounds=1",
                "--seconds=1",
                "--keys=10000",
                "--warm-up=" + warmUp,
                "--json=" + file);
        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.err().contains("warm after")).isEqualTo(warmUp > 0);
        assertThat(scalars(file)).containsEntry("cases.0.name", name).containsKey("cases.0.cpu_ratio");
    }

    @Test
    @RequiresPeer("redis-server")
    @Timeout(value = 300, unit = TimeUnit.SECONDS)
    void aCacheOnTwoCoresIsComparedWithOneOnOne() throws Exception {
        assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThan(1);
        Path file = folder.resolve("bench.json");
        Script.Result bench = Script.run(
                Map.of(),
                "bench",
                "kv-cache",
                "get-p16",
                "--cores=2",
                "--rounds=1",
                "--seconds=1",
                "--keys=10000",
                "--warm-up=0",
                "--json=" + file);
        assertThat(bench.exitCode()).as(bench.err()).isZero();
        assertThat(bench.out()).contains("kv-cache-2-loops over kv-cache: CPU ");
        assertThat(((Number) scalars(file).getOrDefault("cases.0.variants.kv-cache-2-loops_cpu_over_ours", -1))
                        .doubleValue())
                .isPositive();
    }

    @Test
    void moreCoresThanThereAreAreRefused() {
        StringWriter err = new StringWriter();
        assertThat(plinth(err, "bench", "kv-cache", "--cores=4096")).isEqualTo(2);
        assertThat(err.toString()).contains("cores 4096 (expected: 1 to ");
    }

    @Test
    void anUnknownDaemonIsRefusedWithTheOnesThereAre() {
        StringWriter err = new StringWriter();
        assertThat(plinth(err, "bench", "no-such")).isEqualTo(2);
        assertThat(err.toString())
                .contains("no-such (expected: one of [lb-proxy, kv-cache, db-proxy, geo-dns, mq-broker])");
    }

    private static int plinth(StringWriter err, String... arguments) {
        // As the script says it to every JVM it starts.
        System.setProperty(
                "plinth.home",
                Path.of(System.getProperty("basedir", "")).toAbsolutePath().toString());
        CommandLine line = Plinth.commandLine();
        line.setErr(new PrintWriter(err));
        return line.execute(arguments);
    }

    /** Every scalar of the file by its path, list positions as numbers. */
    private static Map<String, Object> scalars(Path file) throws IOException {
        Map<String, Object> found = new LinkedHashMap<>();
        try (JsonParser json = JsonFactory.builder().build().createParser(Files.newBufferedReader(file))) {
            for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
                String at = json.getParsingContext()
                        .pathAsPointer()
                        .toString()
                        .replaceFirst("^/", "")
                        .replace('/', '.');
                if (token == JsonToken.VALUE_STRING) {
                    found.put(at, json.getText());
                } else if (token.isNumeric()) {
                    found.put(at, json.getNumberValue());
                } else if (token == JsonToken.VALUE_NULL) {
                    found.put(at, "null");
                }
            }
        }
        return found;
    }
}
