package io.plinth.geodns.gdnsd;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.GeoDnsMain;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.FreePort;
import io.plinth.testkit.MmdbWriter;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/** A configuration that gdnsd takes, imported, and both servers asked the same. */
@Timeout(120)
@RequiresPeer("gdnsd")
class GdnsdImportIT {
    private static final List<String> CLIENTS = List.of(
            "192.0.2.1/32",
            "192.0.2.64/26",
            "192.0.2.129/32",
            "198.51.100.7/32",
            "198.51.100.200/32",
            "203.0.113.9/32",
            "10.1.2.3/32",
            "10.9.0.0/24",
            "198.18.0.1/32",
            "192.168.7.7/32",
            "172.16.1.0/24",
            "2001:db8:9::1/128",
            "2001:db8:77::/56",
            "100.64.0.1/32");
    private static final List<String> ONE_ANSWER = List.of(
            "@",
            "ns1",
            "ns2",
            "mail",
            "www-fra",
            "cdn",
            "auto",
            "office",
            "pair",
            "both",
            "farm",
            "farm2",
            "few",
            "chain",
            "second",
            "fixed",
            "alias",
            "zeros",
            "a.wild",
            "host.sub",
            "dyn.sub",
            "up",
            "x.deep",
            "nothing",
            "deep");

    @TempDir
    private Path folder = Path.of("");

    private Process gdnsd;
    private RunningNode node;
    private int port;
    private GdnsdImport imported;

    @BeforeEach
    void start() throws Exception {
        copy();
        states("192.0.2.1 => UP\n");
        Process check = gdnsd("checkconf");
        assertThat(check.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(check.exitValue())
                .as(Files.readString(folder.resolve("log")))
                .isZero();
        gdnsd = gdnsd("-f", "start");
        imported = GdnsdImport.read(folder.resolve("c"), "names");
        node = start(imported);
        await("gdnsd", () -> !answers(gdnsd(), "fixed", Type.A, "10.1.2.3/32").isEmpty());
    }

    private void copy() throws Exception {
        port = FreePort.find();
        Path from = Path.of(Objects.requireNonNull(GdnsdImportIT.class.getResource("/gdnsd"))
                .toURI());
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.filter(Files::isRegularFile).toList()) {
                Path to = folder.resolve("c").resolve(from.relativize(each).toString());
                Files.createDirectories(to.getParent());
                String text = Files.readString(each, StandardCharsets.ISO_8859_1)
                        .replace("@PORT@", String.valueOf(port))
                        .replace("@RUN@", folder.toString())
                        .replace("@WEB@", "80");
                Files.writeString(to, text, StandardCharsets.ISO_8859_1);
            }
        }
        Files.createDirectories(folder.resolve("run"));
        Files.createDirectories(folder.resolve("state/extfile"));
        new MmdbWriter("GeoLite2-City")
                .put("192.0.2.0/26", city("EU", "DE", "BY", "Munich", 48.1, 11.6))
                .put("192.0.2.64/26", city("EU", "DE", "BY", "Nuremberg", 49.4, 11.1))
                .put("192.0.2.128/25", city("EU", "FR", "IDF", "Paris", 48.9, 2.3))
                .put("198.51.100.0/25", city("NA", "US", "CA", "Fresno", 36.7, -119.8))
                .put("198.51.100.128/25", city("NA", "US", "NY", "Albany", 42.6, -73.8))
                .put("203.0.113.0/24", city("OC", "AU", "NSW", "Sydney", -33.9, 151.2))
                .put("2001:db8:77::/48", city("AS", "JP", "13", "Tokyo", 35.7, 139.7))
                .write(folder.resolve("c/geoip/GeoIP2-City.mmdb"));
    }

    private static Map<String, Object> city(
            String continent, String country, String division, String name, double latitude, double longitude) {
        return Map.of(
                "continent", Map.of("code", continent),
                "country", Map.of("iso_code", country),
                "subdivisions", List.of(Map.of("iso_code", division)),
                "city", Map.of("names", Map.of("en", name)),
                "location", Map.of("latitude", latitude, "longitude", longitude));
    }

    private Process gdnsd(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(Peer.path("gdnsd").toString(), "-c", folder.resolve("c").toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
    }

    private RunningNode start(GdnsdImport what) throws Exception {
        Map<String, Object> stack = new LinkedHashMap<>(what.stack());
        stack.put(
                "nodes",
                Map.of(
                        "dns-1",
                        Map.of("run", "geo-dns", "host", "127.0.0.1", "port", 0, "admin", "127.0.0.1:0", "loops", 1)));
        Path file =
                new GdnsdImport(stack, what.files(), List.of()).write(Files.createDirectory(folder.resolve("ours")));
        return NodeRunner.start(
                GeoDnsMain.TYPE,
                load(file),
                "dns-1",
                new NodeOptions(
                        "epoll", Duration.ofSeconds(10), Map.of(), false, GdnsdImportIT::load, Clock.systemUTC()));
    }

    private static StackFile load(Path file) throws ConfigException {
        return StackFiles.read(file, List.of(GeoDnsMain.TYPE), Map.of(), Map.of());
    }

    @AfterEach
    void stop() throws Exception {
        node.close();
        gdnsd.destroy();
        assertThat(gdnsd.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    private void states(String text) throws IOException {
        Path next = Files.writeString(folder.resolve("states.next"), text);
        Files.createDirectories(folder.resolve("state/extfile"));
        Files.move(next, folder.resolve("state/extfile/states"), StandardCopyOption.REPLACE_EXISTING);
    }

    private InetSocketAddress gdnsd() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private InetSocketAddress ours() {
        return Objects.requireNonNull(node.listening().get("udp"));
    }

    private static Message ask(InetSocketAddress server, String label, int type, String client) throws IOException {
        String[] subnet = client.split("/", 2);
        SimpleResolver resolver = new SimpleResolver(server);
        resolver.setEDNS(-1);
        resolver.setTimeout(Duration.ofSeconds(10));
        return resolver.send(query(
                label.equals("@") ? "example.com." : label + ".example.com.",
                type,
                new ClientSubnetOption(Integer.parseInt(subnet[1]), InetAddress.ofLiteral(subnet[0]))));
    }

    /** Response code, records of answer and authority, and the scope. */
    private static List<String> answers(InetSocketAddress server, String label, int type, String client) {
        try {
            Message answer = ask(server, label, type, client);
            List<String> all = new ArrayList<>(records(answer, Section.ANSWER));
            all.addFirst(String.valueOf(answer.getRcode()));
            records(answer, Section.AUTHORITY).forEach(record -> all.add("authority " + record));
            answer.getOPT()
                    .getOptions(EDNSOption.Code.CLIENT_SUBNET)
                    .forEach(option -> all.add("scope " + ((ClientSubnetOption) option).getScopePrefixLength()));
            return all;
        } catch (IOException e) {
            return List.of();
        }
    }

    /** But for the TTL of SOA records, which gdnsd takes from their last field. */
    private void same(List<String> labels) {
        List<String> differences = new ArrayList<>();
        for (String label : labels) {
            for (int type : new int[] {Type.A, Type.AAAA, Type.MX, Type.TXT, Type.CNAME, Type.NS, Type.CAA}) {
                for (String client : CLIENTS) {
                    List<String> ours = answers(ours(), label, type, client);
                    List<String> theirs = answers(gdnsd(), label, type, client);
                    if (client.contains(":")) {
                        wider(ours, theirs);
                    }
                    if (!ours.equals(theirs)) {
                        differences.add(
                                label + " " + Type.string(type) + " from " + client + ": " + ours + " but " + theirs);
                    }
                }
            }
        }
        assertThat(differences).isEmpty();
    }

    /** IPv4 has a table of its own here, so that scopes of IPv6 may be wider than gdnsd's. */
    private static void wider(List<String> ours, List<String> theirs) {
        int our = Integer.parseInt(ours.removeLast().replace("scope ", ""));
        assertThat(our).isLessThanOrEqualTo(Integer.parseInt(theirs.removeLast().replace("scope ", "")));
    }

    @Test
    void bothServersAnswerAlikeAndAgainWhenTargetsGo() throws Exception {
        same(ONE_ANSWER);
        List<String> some = CLIENTS.subList(1, 6);
        for (String client : some) {
            for (String label : List.of("shares", "names", "groups", "www")) {
                assertThat(seen(ours(), label, client))
                        .as("%s from %s", label, client)
                        .isEqualTo(seen(gdnsd(), label, client));
            }
        }
        states("""
            192.0.2.1 => DOWN
            192.0.2.10 => DOWN
            192.0.2.11 => DOWN
            192.0.2.50 => DOWN
            192.0.2.51 => DOWN
            a.cdn.example.net. => DOWN
            203.0.113.1 => DOWN
            """);
        for (InetSocketAddress server : List.of(gdnsd(), ours())) {
            await(
                    "the states",
                    () -> answers(server, "pair", Type.A, "10.1.2.3/32").contains("pair.example.com. 120 A 192.0.2.2"));
        }
        same(ONE_ANSWER);
        for (String client : some) {
            assertThat(seen(ours(), "www", client)).as(client).isEqualTo(seen(gdnsd(), "www", client));
            assertThat(seen(ours(), "names", client)).isEqualTo(seen(gdnsd(), "names", client));
        }
    }

    /** Everything that is answered by chance, sooner or later. */
    private static TreeSet<String> seen(InetSocketAddress server, String label, String client) {
        TreeSet<String> seen = new TreeSet<>();
        for (int i = 0; i < 40; i++) {
            seen.addAll(answers(server, label, Type.A, client));
        }
        // One in a hundred.
        seen.removeIf(answer -> answer.endsWith("192.0.2.31"));
        return seen;
    }

    /** A condition that is asked again and again. */
    @FunctionalInterface
    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(String what, Condition condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}
