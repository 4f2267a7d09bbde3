package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * geo-dns beside Knot DNS, NSD and gdnsd: ten thousand names of one zone, one question in ten for a name that is not
 * there; and one name whose address depends on the client's network, of twenty thousand networks.
 */
final class GeoDnsBench implements Bench {
    private static final String OURS = "geo-dns";
    private static final String NODE = "dns";
    private static final String KNOT = "knot";
    private static final String NSD = "nsd";
    private static final String GDNSD = "gdnsd";
    private static final int NAMES = 10_000;
    private static final int QUESTIONS = 50_000;
    private static final int NETWORKS = 20_000;
    private static final int STEADY = 60_000;
    private static final List<String> MEMBERS = List.of("eu", "us", "asia");

    /** IPv4, 24 bits: 20.5.7.0. */
    private static final String SUBNET = "00011800140507";

    @Override
    public String daemon() {
        return OURS;
    }

    @Override
    public List<String> tools() {
        return List.of("dnsperf");
    }

    @Override
    public List<Case> cases(Stage stage, int connections) {
        Path names = stage.folder().resolve("names.txt");
        Path geo = stage.folder().resolve("geo.txt");
        Set<String> geoPeers = Set.of(OURS, KNOT, GDNSD);
        return List.of(
                new Case("static", new DnsLoad(stage, names, connections, 0, "")),
                new Case("static-60k", new DnsLoad(stage, names, connections, STEADY, "")),
                new Case("geo", new DnsLoad(stage, geo, connections, 0, SUBNET), geoPeers),
                new Case("geo-60k", new DnsLoad(stage, geo, connections, STEADY, SUBNET), geoPeers));
    }

    @Override
    public List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException {
        write(stage.folder());
        List<Contender> contenders = new ArrayList<>();
        contenders.add(stage.ours(OURS, NODE, Map.of("FILES", stage.folder().toString())));
        Path folder = stage.folder();
        if (stage.program("knotd").isPresent()) {
            Files.createDirectories(folder.resolve(KNOT));
            contenders.add(peer(stage, KNOT, "knotd", "knot.conf", List.of("-c", "@")));
        }
        if (stage.program(NSD).isPresent()) {
            contenders.add(peer(stage, NSD, NSD, "nsd.conf", List.of("-d", "-c", "@")));
        }
        if (stage.program(GDNSD).isPresent()) {
            contenders.add(gdnsd(stage));
        }
        for (Contender contender : contenders) {
            stage.listening(contender.name(), contender.process(), contender.address());
        }
        return contenders;
    }

    private static Map<String, String> values(Stage stage, InetSocketAddress address) {
        Map<String, String> values = new HashMap<>();
        values.put("PORT", String.valueOf(address.getPort()));
        values.put("FOLDER", stage.folder().toString());
        values.put("LOOPS", String.valueOf(stage.cores().server().size()));
        return values;
    }

    private static Contender peer(
            Stage stage, String name, String program, String configuration, List<String> arguments) throws IOException {
        InetSocketAddress address = stage.free();
        Path file = stage.fill("geo-dns/" + configuration, values(stage, address));
        List<String> command = new ArrayList<>(List.of(stage.program(program).orElse(program)));
        arguments.forEach(argument -> command.add(argument.equals("@") ? file.toString() : argument));
        return stage.peer(name, address, command);
    }

    /** Its files have fixed names in a folder of their own. */
    private static Contender gdnsd(Stage stage) throws IOException {
        Path folder = stage.folder().resolve(GDNSD);
        for (String part : List.of("run", "state", "zones")) {
            Files.createDirectories(folder.resolve(part));
        }
        InetSocketAddress address = stage.free();
        Path file = stage.fill("geo-dns/gdnsd.conf", values(stage, address));
        Files.move(file, folder.resolve("config"));
        Files.move(stage.folder().resolve("gdnsd-networks"), folder.resolve("networks"));
        String zone = Files.readString(stage.folder().resolve("bench.zone"))
                .replace("geo 30 IN A 192.0.2.1", "geo 30/30 DYNA geoip!edge");
        Files.writeString(folder.resolve("zones").resolve("bench.example"), zone);
        List<String> command = List.of(stage.program(GDNSD).orElse(GDNSD), "-c", folder.toString(), "start");
        return stage.peer(GDNSD, address, command);
    }

    private static void write(Path folder) throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        StringBuilder zone = new StringBuilder("""
            $ORIGIN bench.example.
            $TTL 300
            @ IN SOA ns1.bench.example. hostmaster.bench.example. 1 3600 600 86400 60
            @ IN NS ns1.bench.example.
            ns1 IN A 192.0.2.53
            geo 30 IN A 192.0.2.1
            """);
        for (int i = 0; i < NAMES; i++) {
            zone.append("host-%d IN A 10.%d.%d.%d%n".formatted(i, i >> 16, (i >> 8) & 0xFF, i & 0xFF));
        }
        Files.writeString(folder.resolve("bench.zone"), zone);
        StringBuilder questions = new StringBuilder();
        for (int i = 0; i < QUESTIONS; i++) {
            boolean there = random.nextInt(10) > 0;
            questions
                    .append(there ? "host-" : "none-")
                    .append(random.nextInt(NAMES))
                    .append(".bench.example A\n");
        }
        Files.writeString(folder.resolve("names.txt"), questions);
        Files.writeString(folder.resolve("geo.txt"), "geo.bench.example A\n");
        networks(folder, random);
    }

    private static void networks(Path folder, SplittableRandom random) throws IOException {
        StringBuilder ours = new StringBuilder();
        StringBuilder gdnsd = new StringBuilder("nets => {\n");
        StringBuilder knot = new StringBuilder("geo.bench.example:\n");
        for (int i = 0; i < NETWORKS; i++) {
            int member = random.nextInt(MEMBERS.size());
            String network = "20.%d.%d.0/24".formatted(i >> 8, i & 0xFF);
            ours.append(network).append(' ').append(MEMBERS.get(member)).append('\n');
            gdnsd.append("  ")
                    .append(network)
                    .append(" => [")
                    .append(MEMBERS.get(member))
                    .append("]\n");
            knot.append("  - net: ")
                    .append(network)
                    .append("\n    A: 192.0.2.")
                    .append(member + 1)
                    .append('\n');
        }
        Files.writeString(folder.resolve("networks.txt"), ours);
        Files.writeString(folder.resolve("gdnsd-networks"), gdnsd.append("}\n"));
        Files.writeString(folder.resolve("knot-geo.conf"), knot);
    }
}
