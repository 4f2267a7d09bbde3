package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.plinth.testkit.FreePort;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/** Debian's unbound in front of a node, as the resolver of many clients, who only ever talk to it. */
@Timeout(120)
@RequiresPeer("unbound")
class UnboundIT {
    private static final String ZONE =
            "$TTL 300\n@ SOA ns1 h 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\nwww POLICY edge\nalias CNAME www\n";

    @TempDir
    Path folder;

    /** A node and the resolver in front of it. */
    private record Pair(TestNode node, Process unbound, SimpleResolver resolver) implements AutoCloseable {
        boolean isAnswering() {
            try {
                return !records(resolver.send(query("ns1.shop.example.", Type.A)), Section.ANSWER)
                        .isEmpty();
            } catch (IOException e) {
                return false;
            }
        }

        Message ask(String name, String network) throws IOException {
            return resolver.send(query(name, Type.A, new ClientSubnetOption(24, InetAddress.ofLiteral(network))));
        }

        /** How many answers of the policy have left the node. */
        int asked() throws Exception {
            return node.admin("GET", "/metrics", "")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith("geodns_policy_answers_total{policy=\"edge\"}"))
                    .mapToInt(line -> (int) Double.parseDouble(line.substring(line.indexOf('}') + 1)))
                    .sum();
        }

        @Override
        public void close() {
            unbound.destroy();
            try {
                unbound.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            node.close();
        }
    }

    private Pair start(String regions, String policy) throws Exception {
        Files.writeString(folder.resolve("z.zone"), ZONE);
        TestNode node =
                TestNode.start(folder, regions, "zones: { shop.example: z.zone }\npolicies:\n" + policy.indent(2));
        int port = FreePort.find();
        Path file = Files.writeString(folder.resolve("unbound.conf"), """
            server:
                interface: 127.0.0.1
                port: %2$d
                do-daemonize: no
                username: ""
                chroot: ""
                directory: "%1$s"
                pidfile: "%1$s/unbound.pid"
                use-syslog: no
                access-control: 127.0.0.0/8 allow
                do-not-query-localhost: no
                do-ip6: no
                num-threads: 1
                module-config: "subnetcache iterator"
                send-client-subnet: 127.0.0.0/8
                client-subnet-always-forward: yes
                max-client-subnet-ipv4: 24
                use-caps-for-id: yes
            remote-control:
                control-enable: no
            stub-zone:
                name: shop.example
                stub-addr: 127.0.0.1@%3$d
            """.formatted(
                        folder, port, node.address().getPort()));
        Path log = folder.resolve("unbound.log");
        Process unbound = new ProcessBuilder(Peer.path("unbound").toString(), "-d", "-c", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        SimpleResolver resolver = new SimpleResolver(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        resolver.setTimeout(Duration.ofSeconds(10));
        Pair pair = new Pair(node, unbound, resolver);
        TestNode.await("unbound", () -> !unbound.isAlive() || pair.isAnswering());
        assertThat(unbound.isAlive()).as(Files.readString(log)).isTrue();
        return pair;
    }

    private static List<String> addresses(Message answer) {
        return answer.getSection(Section.ANSWER).stream()
                .filter(each -> each.getType() == Type.A)
                .map(each -> each.rdataToString())
                .sorted()
                .toList();
    }

    private static int scope(Message answer) {
        return answer.getOPT().getOptions(EDNSOption.Code.CLIENT_SUBNET).stream()
                .mapToInt(option -> ((ClientSubnetOption) option).getScopePrefixLength())
                .findFirst()
                .orElse(-1);
    }

    @Test
    void clientsOfDifferentNetworksGetTheirOwnAnswersWhichAreCachedForAsManyAsTheyHoldFor() throws Exception {
        try (Pair pair = start("eu: {}\n", """
            edge:
              map: { EU: [a] }
              targets: { a: [203.0.113.1], b: [203.0.113.2], c: [203.0.113.3] }
              networks: { 198.51.100.0/24: [b], 10.0.0.0/8: [c] }
              default: a
              ttl: 1h
              min-ttl: 1h
            """)) {
            isCached(pair);
        }
    }

    private static void isCached(Pair pair) throws Exception {
        Message rest = pair.ask("www.shop.example.", "203.0.113.0");
        assertThat(addresses(rest)).containsExactly("203.0.113.1");
        // 203 is 11001011, 198 is 11000110: the fifth bit tells them apart.
        assertThat(scope(rest)).isEqualTo(5);
        Message narrow = pair.ask("www.shop.example.", "198.51.100.0");
        assertThat(addresses(narrow)).containsExactly("203.0.113.2");
        assertThat(scope(narrow)).isEqualTo(24);
        Message wide = pair.ask("www.shop.example.", "10.1.2.0");
        assertThat(addresses(wide)).containsExactly("203.0.113.3");
        assertThat(scope(wide)).isEqualTo(8);
        int before = pair.asked();
        assertThat(before).isEqualTo(3);

        assertThat(addresses(pair.ask("www.shop.example.", "203.0.113.0"))).containsExactly("203.0.113.1");
        assertThat(addresses(pair.ask("www.shop.example.", "201.7.7.0"))).containsExactly("203.0.113.1");
        assertThat(addresses(pair.ask("www.shop.example.", "198.51.100.0"))).containsExactly("203.0.113.2");
        assertThat(addresses(pair.ask("www.shop.example.", "10.99.1.0"))).containsExactly("203.0.113.3");
        assertThat(pair.asked()).as("all of them from the cache").isEqualTo(before);

        assertThat(addresses(pair.ask("www.shop.example.", "198.51.101.0"))).containsExactly("203.0.113.1");
        assertThat(pair.asked()).as("the network beside is another's").isEqualTo(before + 1);
        assertThat(addresses(pair.ask("alias.shop.example.", "198.51.100.0"))).containsExactly("203.0.113.2");
        assertThat(addresses(pair.ask("alias.shop.example.", "10.3.0.0"))).containsExactly("203.0.113.3");
    }

    /** Asks on and on until the other region is answered; when the killed one was answered last. */
    private static long lastWrong(Pair pair, long until) throws Exception {
        long wrong = System.nanoTime();
        while (true) {
            long now = System.nanoTime();
            List<String> answered = addresses(pair.resolver().send(query("www.shop.example.", Type.A)));
            if (answered.equals(List.of("127.0.0.2"))) {
                return wrong;
            }
            assertThat(answered).containsExactly("127.0.0.1");
            assertThat(now).as("when it was asked for the region that is gone").isLessThan(until);
            wrong = now;
            Thread.sleep(10);
        }
    }

    @Test
    void aRegionThatIsKilledHasLeftTheResolverWithinDetectionAndTtl(TestReporter reporter) throws Exception {
        HttpServer eu = serve("127.0.0.1", 0);
        HttpServer us = serve("127.0.0.2", eu.getAddress().getPort());
        try {
            Duration interval = Duration.ofMillis(500);
            Duration timeout = Duration.ofSeconds(1);
            int fall = 3;
            Duration ttl = Duration.ofSeconds(3);
            try (Pair pair =
                    start("eu: {}\nus: {}\n", """
                        edge:
                          by: failover
                          targets: { eu: [127.0.0.1], us: [127.0.0.2] }
                          ttl: 3s
                          min-ttl: 1s
                          health: { http: /, port: %d, interval: 500ms, timeout: 1s, rise: 1, fall: 3 }
                        """.formatted(eu.getAddress().getPort()))) {
                assertThat(addresses(pair.resolver().send(query("www.shop.example.", Type.A))))
                        .containsExactly("127.0.0.1");
                // A probe may come a tenth late, the resolver counts whole seconds, and a busy machine has other things
                // to do.
                Duration most = interval.multipliedBy(11L * fall)
                        .dividedBy(10)
                        .plus(timeout)
                        .plus(ttl)
                        .plusSeconds(10);
                long killed = System.nanoTime();
                eu.stop(0);
                long last = lastWrong(pair, killed + most.toNanos());
                reporter.publishEntry("last wrong answer", Duration.ofNanos(last - killed) + " of at most " + most);
            }
        } finally {
            eu.stop(0);
            us.stop(0);
        }
    }

    private static HttpServer serve(String address, int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(address, port), 50);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }
}
