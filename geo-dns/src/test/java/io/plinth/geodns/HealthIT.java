package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What probes find becomes what is answered. */
@Timeout(120)
class HealthIT {
    private static final String REGIONS = "eu: { serves: [EU] }\n";
    private static final String ZONE =
            "$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nwww POLICY edge\n";

    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void zone() throws Exception {
        Files.writeString(folder.resolve("z.zone"), ZONE);
    }

    private TestNode start(String policies) throws Exception {
        return TestNode.start(folder, REGIONS, section(policies));
    }

    private static String section(String policies) {
        return "zones: { shop.example: z.zone }\npolicies:\n" + policies.indent(2);
    }

    private static void awaitAnswer(TestNode node, String... answer) throws Exception {
        TestNode.await(
                String.join(", ", answer),
                () -> records(node.udp(query("www.shop.example.", Type.A)), Section.ANSWER)
                        .equals(List.of(answer)));
    }

    private static int accepted(ServerSocketChannel server) throws IOException {
        int count = 0;
        for (SocketChannel one = server.accept(); one != null; one = server.accept()) {
            count++;
            one.close();
        }
        return count;
    }

    private static ServerSocketChannel listen(String address, int port) throws IOException {
        ServerSocketChannel server = ServerSocketChannel.open();
        server.bind(new InetSocketAddress(InetAddress.ofLiteral(address), port), 100);
        server.configureBlocking(false);
        return server;
    }

    @Test
    void aTargetIsProbedOnceHoweverManyPoliciesShareIt() throws Exception {
        try (ServerSocketChannel shared = listen("127.0.0.1", 0)) {
            int port = ((InetSocketAddress) shared.getLocalAddress()).getPort();
            StringBuilder policies = new StringBuilder();
            for (int i = 0; i < 10; i++) {
                policies.append(policy(i == 0 ? "edge" : "p" + i, "127.0.0.1", port));
            }
            try (TestNode node = start(policies.toString());
                    ServerSocketChannel second = listen("127.0.0.2", port);
                    ServerSocketChannel third = listen("127.0.0.3", port)) {
                // A connect that began later, on each of the two loops, has come: so have all before.
                policies.append(policy("second", "127.0.0.2", port)).append(policy("third", "127.0.0.3", port));
                TestNode.write(folder, REGIONS, section(policies.toString()));
                node.node().reload().get();
                AtomicInteger later = new AtomicInteger();
                TestNode.await("probes", () -> later.addAndGet(accepted(second) + accepted(third)) == 2);
                assertThat(accepted(shared)).isOne();
            }
        }
    }

    private static String policy(String name, String target, int port) {
        return "%s: { by: failover, targets: { a: [%s] }, health: { port: %d, interval: 1h } }%n"
                .formatted(name, target, port);
    }

    @Test
    void theProbedAddressIsNotTheAnsweredOne() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        AtomicInteger status = new AtomicInteger(200);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(status.get(), -1);
            exchange.close();
        });
        server.start();
        try (TestNode node = start("""
            edge:
              by: failover
              order: [a, b]
              ttl: 30s
              targets: { a: [192.0.2.10], b: [lb.cdn.example.] }
              probe-at: { 192.0.2.10: 127.0.0.1, lb.cdn.example.: 127.0.0.1 }
              health: { http: /, port: %d, interval: 100ms, timeout: 5s, rise: 1, fall: 1 }
              on-all-down: none
            """.formatted(server.getAddress().getPort()))) {
            awaitAnswer(node, "www.shop.example. 15 A 192.0.2.10");
            status.set(503);
            awaitAnswer(node);
            assertThat(node.admin("GET", "/metrics").body())
                    .contains("geodns_target_healthy{address=\"lb.cdn.example.\",policy=\"edge\",region=\"b\"} 0.0");
            status.set(200);
            awaitAnswer(node, "www.shop.example. 15 A 192.0.2.10");
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aFileSteersAddressesNamesAndTheTtl() throws Exception {
        write("192.0.2.10 => UP/20\nlb.cdn.example. => UP\n");
        try (TestNode node = start("""
            edge:
              by: failover
              order: [a, b]
              ttl: 30s
              targets: { a: [192.0.2.10], b: [lb.cdn.example.] }
              health: { file: states, interval: 100ms, rise: 1, fall: 1 }
              on-all-down: none
            """)) {
            awaitAnswer(node, "www.shop.example. 20 A 192.0.2.10");
            write("192.0.2.10 => DOWN\nlb.cdn.example. => UP\n");
            awaitAnswer(node, "www.shop.example. 30 CNAME lb.cdn.example.");
            write("192.0.2.10 => DOWN\nlb.cdn.example. => DOWN\n");
            awaitAnswer(node);
            write("192.0.2.10 => UP\n");
            awaitAnswer(node, "www.shop.example. 30 A 192.0.2.10");
        }
    }

    @Test
    void aFailoverDoesNotWaitForWhatIsLoaded() throws Exception {
        write("192.0.2.10 => UP\n192.0.2.20 => UP\n");
        Path database = folder.resolve("country.mmdb");
        try (TestNode node =
                TestNode.start(folder, REGIONS, "database: country.mmdb\ndatabase-check: 100ms\n" + section("""
                    edge:
                      by: failover
                      order: [a, b]
                      ttl: 30s
                      min-ttl: 30s
                      targets: { a: [192.0.2.10], b: [192.0.2.20] }
                      health: { file: states, interval: 100ms, rise: 1, fall: 1 }
                    """))) {
            awaitAnswer(node, "www.shop.example. 30 A 192.0.2.10");
            assertThat(new ProcessBuilder("mkfifo", database.toString()).start().waitFor())
                    .isZero();
            try {
                // Whoever opens it to read waits until somebody writes.
                TestNode.await(
                        "a database that does not come",
                        () -> Thread.getAllStackTraces().entrySet().stream()
                                .anyMatch(thread -> thread.getKey().getName().contains("changes")
                                        && Arrays.toString(thread.getValue()).contains("MmdbDatabase")));
                write("192.0.2.10 => DOWN\n192.0.2.20 => UP\n");
                awaitAnswer(node, "www.shop.example. 30 A 192.0.2.20");
            } finally {
                new RandomAccessFile(database.toFile(), "rw").close();
            }
        }
    }

    private void write(String text) throws IOException {
        Path next = Files.writeString(folder.resolve("states.next"), text);
        Files.move(next, folder.resolve("states"), StandardCopyOption.REPLACE_EXISTING);
    }

    @Test
    void aProgramDecidesOverATarget() throws Exception {
        Path flag = Files.createFile(folder.resolve("192.0.2.10"));
        try (TestNode node = start("""
            edge:
              by: failover
              order: [a, b]
              targets: { a: [192.0.2.10], b: [192.0.2.20] }
              health: { command: [/usr/bin/test, -e, "%s/{address}"], interval: 100ms, timeout: 10s, rise: 1, fall: 1 }
            """.formatted(folder))) {
            Files.createFile(folder.resolve("192.0.2.20"));
            awaitAnswer(node, "www.shop.example. 15 A 192.0.2.10");
            Files.delete(flag);
            awaitAnswer(node, "www.shop.example. 15 A 192.0.2.20");
            Files.createFile(flag);
            awaitAnswer(node, "www.shop.example. 15 A 192.0.2.10");
        }
    }

    /** A probe every 2 s, ten failures to go down: 20 s with none, 18 s after one, two less with each. */
    @Test
    void theTtlShrinksAsFailuresComeCloserToAChange() throws Exception {
        List<ServerSocket> servers = new ArrayList<>();
        int port = freePorts(servers);
        try (TestNode node = start("""
            edge:
              by: failover
              order: [a, b]
              ttl: 100s
              min-ttl: 1s
              targets: { a: [127.0.0.1], b: [127.0.0.2] }
              health: { port: %d, interval: 1s, timeout: 900ms, rise: 3, fall: 20 }
            """.formatted(port))) {
            awaitAnswer(node, "www.shop.example. 20 A 127.0.0.1");
            servers.getFirst().close();
            AtomicLong before = new AtomicLong(20);
            for (int i = 0; i < 2; i++) {
                TestNode.await("a shorter TTL", () -> {
                    List<Record> answer =
                            node.udp(query("www.shop.example.", Type.A)).getSection(Section.ANSWER);
                    assertThat(answer.getFirst().rdataToString()).isEqualTo("127.0.0.1");
                    long ttl = answer.getFirst().getTTL();
                    return ttl < before.getAndSet(ttl);
                });
            }
        } finally {
            for (ServerSocket server : servers) {
                server.close();
            }
        }
    }

    private static int freePorts(List<ServerSocket> servers) throws IOException {
        for (int attempt = 0; attempt < 20; attempt++) {
            ServerSocket one = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
            try {
                servers.add(one);
                servers.add(new ServerSocket(one.getLocalPort(), 50, InetAddress.ofLiteral("127.0.0.2")));
                return one.getLocalPort();
            } catch (BindException e) {
                servers.clear();
                one.close();
            }
        }
        throw new AssertionError("no port that is free on both addresses");
    }
}
