package io.plinth.deploy.bench.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundsTest {
    @Test
    void aSampleIsProcessorTimeOverRequestsDone() {
        Sample sample = Sample.of(
                new Bench.Outcome(Duration.ofSeconds(2), 10_000, 100, 900, ""), Duration.ofMillis(500), 3 << 20);
        assertThat(sample.throughput()).isEqualTo(5000);
        assertThat(sample.cpuMicros()).isEqualTo(50);
        assertThat(sample.coreShare()).isEqualTo(0.25);
        assertThat(sample.mebibytes()).isEqualTo(3);
    }

    @Test
    void theMedianIsOfEachNumberAlone() {
        Sample median = Sample.median(List.of(
                new Sample(1, 30, 5, 5, 1, 90), new Sample(3, 10, 5, 7, 1, 90), new Sample(2, 20, 5, 9, 1, 90)));
        assertThat(median).isEqualTo(new Sample(2, 20, 5, 7, 1, 90));
        assertThat(Sample.median(List.of(new Sample(1, 1, 1, 1, 1, 90), new Sample(2, 3, 1, 1, 1, 90))))
                .isEqualTo(new Sample(1.5, 2, 1, 1, 1, 90));
    }

    @Test
    void ratiosAreOverTheBestPeer() throws IOException {
        Report report = report(Map.of(
                "haproxy",
                new Sample(40_000, 20, 1000, 3000, 0.8, 90),
                "nginx",
                new Sample(50_000, 25, 1000, 2500, 1, 90)));
        assertThat(report.cpuRatio("small")).contains(1.5);
        assertThat(report.throughputRatio("small")).contains(0.5);
        assertThat(report.p99Ratio("small")).contains(1.6);
        StringWriter json = new StringWriter();
        report.writeJson(json);
        assertThat(json.toString().replaceAll("\\s", ""))
                .startsWith(
                        "{\"daemon\":\"lb-proxy\",\"machine\":\"here\",\"cases\":[{\"name\":\"small\",\"ours\":"
                            + "{\"throughput\":25000.0,\"cpu_us\":30.0,\"p50_us\":2000.0,\"p99_us\":4000.0,\"resident_mib\":90.0},\"peers\":{")
                .contains("\"nginx\":{\"throughput\":50000.0,\"cpu_us\":25.0")
                .endsWith("},\"cpu_ratio\":1.5,\"throughput_ratio\":0.5,\"p99_ratio\":1.6}]}");
    }

    @Test
    void withoutPeersThereAreNoRatios() throws IOException {
        Report report = report(Map.of());
        StringWriter json = new StringWriter();
        report.writeJson(json);
        assertThat(json.toString())
                .contains("\"cpu_ratio\" : null", "\"throughput_ratio\" : null", "\"p99_ratio\" : null");
        StringWriter table = new StringWriter();
        report.print(new PrintWriter(table));
        assertThat(table.toString()).contains("small", "lb-proxy", "25000").doesNotContain("peer");
    }

    @Test
    void theServerHasACoreOfItsOwn() {
        assertThat(Cores.of(1, true).pinned()).isFalse();
        assertThat(Cores.of(8, false).pinned()).isFalse();
        Cores two = Cores.of(2, true);
        assertThat(two.pin(two.server(), List.of("x"))).containsExactly("taskset", "-c", "0", "x");
        assertThat(two.load()).containsExactly(1);
        assertThat(Cores.of(4, true).load()).containsExactly(2, 3);
    }

    @Test
    void aServerOnSeveralCoresHasItsOwnAndThoseOfTheLoad() {
        assertThat(Cores.of(2, true).server(1)).containsExactly(0);
        assertThat(Cores.of(2, true).server(2)).containsExactly(0, 1);
        assertThat(Cores.of(8, true).server(3)).containsExactly(0, 1, 2);
        assertThat(Cores.of(4, false).server(2)).containsExactly(0, 1);
        assertThatThrownBy(() -> Cores.of(2, true).server(3)).hasMessage("cores: 3 (expected: at most 2)");
    }

    @Test
    void aVariantIsComparedWithOursAsWell() throws IOException {
        Report report = report(Map.of("lb-proxy-2-loops", new Sample(50_000, 33, 1000, 3000, 1, 90)));
        assertThat(report.variantsOverOurs("small")).containsExactly(Map.entry("lb-proxy-2-loops", 1.1));
        StringWriter table = new StringWriter();
        report.print(new PrintWriter(table));
        assertThat(table.toString())
                .contains("lb-proxy-2-loops over lb-proxy: CPU 1.10, p99 0.75")
                .doesNotContain("peer");
        StringWriter json = new StringWriter();
        report.writeJson(json);
        assertThat(json.toString())
                .contains("\"lb-proxy-2-loops_cpu_over_ours\" : 1.1", "\"lb-proxy-2-loops_p99_over_ours\" : 0.75")
                .doesNotContain("lb-proxy-2-loops_cpu_ratio");
    }

    @Test
    void aPeerInAnotherWayIsComparedWithItself() {
        StringWriter table = new StringWriter();
        report(Map.of(
                        "nginx", new Sample(20_000, 40, 2000, 4000, 1, 90),
                        "nginx-saving", new Sample(20_000, 50, 2000, 6000, 1, 90)))
                .print(new PrintWriter(table));
        assertThat(table.toString()).contains("nginx-saving over nginx: CPU 1.25, p99 1.50");
    }

    private static Report report(Map<String, Sample> peers) {
        Map<String, Sample> servers = new LinkedHashMap<>();
        servers.put("lb-proxy", new Sample(25_000, 30, 2000, 4000, 0.75, 90));
        servers.putAll(peers);
        return new Report("lb-proxy", "here", Map.of("small", servers));
    }
}
