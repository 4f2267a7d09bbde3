package io.plinth.deploy.bench.harness;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Medians of a bench, as a table and as JSON. Immutable.
 *
 * @param medians by case, then by server
 */
public record Report(String daemon, String machine, Map<String, Map<String, Sample>> medians) {
    private static final String FORMAT = "%-12s %-12s %12s %10s %10s %12s %8s %8s%n";

    /** Ours over the best peer's processor time a request; below 1 ours needs less. */
    public Optional<Double> cpuRatio(String load) {
        OptionalDouble best =
                peers(load).values().stream().mapToDouble(Sample::cpuMicros).min();
        return best.isPresent() ? Optional.of(ours(load).cpuMicros() / best.getAsDouble()) : Optional.empty();
    }

    /** The same for each variant of ours, by its name. */
    public Map<String, Double> variantCpuRatios(String load) {
        Map<String, Double> ratios = new LinkedHashMap<>();
        double ours = ours(load).cpuMicros();
        cpuRatio(load)
                .ifPresent(ratio -> servers(load).forEach((name, sample) -> {
                    if (variant(name) && servers(load).containsKey(daemon)) {
                        ratios.put(name, ratio * sample.cpuMicros() / ours);
                    }
                }));
        return ratios;
    }

    /** Each variant's processor time a request over ours, by the variant's name. */
    public Map<String, Double> variantsOverOurs(String load) {
        Map<String, Double> ratios = new LinkedHashMap<>();
        Sample ours = servers(load).get(daemon);
        if (ours != null) {
            servers(load).forEach((name, sample) -> {
                if (variant(name)) {
                    ratios.put(name, sample.cpuMicros() / ours.cpuMicros());
                }
            });
        }
        return ratios;
    }

    private double p99OverOurs(String load, String variant) {
        Sample ours = ours(load);
        return servers(load).getOrDefault(variant, ours).p99Micros() / ours.p99Micros();
    }

    /** Ours over the best peer's throughput; above 1 ours does more. */
    public Optional<Double> throughputRatio(String load) {
        OptionalDouble best =
                peers(load).values().stream().mapToDouble(Sample::throughput).max();
        return best.isPresent() ? Optional.of(ours(load).throughput() / best.getAsDouble()) : Optional.empty();
    }

    /** Ours over the best peer's 99th percentile; below 1 ours answers sooner. Means something at a rate that all keep up with. */
    public Optional<Double> p99Ratio(String load) {
        OptionalDouble best =
                peers(load).values().stream().mapToDouble(Sample::p99Micros).min();
        return best.isPresent() ? Optional.of(ours(load).p99Micros() / best.getAsDouble()) : Optional.empty();
    }

    public void print(PrintWriter out) {
        out.println(machine);
        out.printf(FORMAT, "case", "server", "requests/s", "p50 us", "p99 us", "CPU us/req", "core", "MiB");
        medians.forEach((load, servers) -> {
            servers.forEach((server, sample) -> out.printf(
                    FORMAT,
                    load,
                    server,
                    "%.0f".formatted(sample.throughput()),
                    "%.0f".formatted(sample.p50Micros()),
                    "%.0f".formatted(sample.p99Micros()),
                    "%.2f".formatted(sample.cpuMicros()),
                    "%.0f %%".formatted(100 * sample.coreShare()),
                    "%.0f".formatted(sample.mebibytes())));
            cpuRatio(load)
                    .ifPresent(ratio -> out.printf(
                            "%-12s ours over the best peer: throughput %.2f, CPU %.2f, p99 %.2f%n",
                            load,
                            throughputRatio(load).orElse(0.0),
                            ratio,
                            p99Ratio(load).orElse(0.0)));
            variantCpuRatios(load)
                    .forEach((name, ratio) -> out.printf("%-12s %s over the best peer: CPU %.2f%n", load, name, ratio));
            servers.forEach((name, sample) -> base(load, name)
                    .ifPresent(base -> out.printf(
                            "%-12s %s over %s: CPU %.2f, p99 %.2f%n",
                            load,
                            name,
                            base.getKey(),
                            sample.cpuMicros() / base.getValue().cpuMicros(),
                            sample.p99Micros() / base.getValue().p99Micros())));
        });
        out.flush();
    }

    public void writeJson(Writer to) throws IOException {
        try (JsonGenerator json = JsonFactory.builder().build().createGenerator(to)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("daemon", daemon);
            json.writeStringField("machine", machine);
            json.writeArrayFieldStart("cases");
            for (String load : medians.keySet()) {
                json.writeStartObject();
                json.writeStringField("name", load);
                json.writeFieldName("ours");
                write(json, ours(load));
                json.writeObjectFieldStart("peers");
                for (Map.Entry<String, Sample> peer : peers(load).entrySet()) {
                    json.writeFieldName(peer.getKey());
                    write(json, peer.getValue());
                }
                json.writeEndObject();
                json.writeObjectFieldStart("variants");
                Map<String, Double> overPeers = variantCpuRatios(load);
                for (Map.Entry<String, Double> variant : variantsOverOurs(load).entrySet()) {
                    String name = variant.getKey();
                    json.writeFieldName(name);
                    write(json, servers(load).getOrDefault(name, ours(load)));
                    Double overPeer = overPeers.get(name);
                    if (overPeer != null) {
                        json.writeNumberField(name + "_cpu_ratio", rounded(overPeer));
                    }
                    json.writeNumberField(name + "_cpu_over_ours", rounded(variant.getValue()));
                    json.writeNumberField(name + "_p99_over_ours", rounded(p99OverOurs(load, name)));
                }
                json.writeEndObject();
                write(json, "cpu_ratio", cpuRatio(load));
                write(json, "throughput_ratio", throughputRatio(load));
                write(json, "p99_ratio", p99Ratio(load));
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private static void write(JsonGenerator json, Sample sample) throws IOException {
        json.writeStartObject();
        json.writeNumberField("throughput", rounded(sample.throughput()));
        json.writeNumberField("cpu_us", rounded(sample.cpuMicros()));
        json.writeNumberField("p50_us", rounded(sample.p50Micros()));
        json.writeNumberField("p99_us", rounded(sample.p99Micros()));
        json.writeNumberField("resident_mib", rounded(sample.mebibytes()));
        json.writeEndObject();
    }

    /** Null without a peer. */
    private static void write(JsonGenerator json, String name, Optional<Double> ratio) throws IOException {
        json.writeFieldName(name);
        if (ratio.isPresent()) {
            json.writeNumber(rounded(ratio.get()));
        } else {
            json.writeNull();
        }
    }

    private static double rounded(double number) {
        return Math.round(number * 1000) / 1000.0;
    }

    private Sample ours(String load) {
        Sample ours = servers(load).get(daemon);
        if (ours != null) {
            return ours;
        }
        // Some cases are of a variant alone.
        return servers(load).entrySet().stream()
                .filter(each -> variant(each.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(daemon + ": not measured (expected: in every case)"));
    }

    private Map<String, Sample> peers(String load) {
        Map<String, Sample> peers = new LinkedHashMap<>(servers(load));
        peers.keySet().removeIf(name -> name.equals(daemon) || variant(name));
        return peers;
    }

    /** The server that this one is, too, only run in another way, where it was measured in the same case. */
    private Optional<Map.Entry<String, Sample>> base(String load, String name) {
        return servers(load).entrySet().stream()
                .filter(each -> name.startsWith(each.getKey() + "-"))
                .findFirst();
    }

    /** Whether it is ours too, run in another way. */
    private boolean variant(String name) {
        return name.startsWith(daemon + "-");
    }

    private Map<String, Sample> servers(String load) {
        return medians.getOrDefault(load, Map.of());
    }
}
