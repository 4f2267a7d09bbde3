package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Two regions that are real HTTP servers on two loopback addresses; the node is asked while they come and go. */
@Timeout(120)
class FailoverIT {
    private static final String ZONE = "$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n";

    @TempDir
    Path folder = Path.of("");

    private final AtomicInteger status = new AtomicInteger(200);
    private int port;
    private HttpServer eu;
    private HttpServer us;
    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        port = FreePort.find();
        eu = serve("127.0.0.1");
        us = serve("127.0.0.2");
        Files.writeString(folder.resolve("shop.example.zone"), ZONE);
        node = TestNode.start(folder, "eu: { serves: [EU] }\nus: { serves: [NA] }\n", section());
    }

    @AfterEach
    void stop() {
        node.close();
        eu.stop(0);
        us.stop(0);
    }

    private String section() {
        return """
            zones: { shop.example: shop.example.zone }
            policies:
              edge:
                names: [www.shop.example]
                targets: { eu: [127.0.0.1], us: [127.0.0.2] }
                default: eu
                health: { http: /healthz, port: %d, interval: 100ms, timeout: 2s, rise: 1, fall: 2 }
            """.formatted(port);
    }

    private HttpServer serve(String address) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(address, port), 50);
        server.createContext("/healthz", exchange -> {
            exchange.sendResponseHeaders(address.equals("127.0.0.1") ? status.get() : 200, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    private void awaitAnswer(String address) throws Exception {
        TestNode.await(
                "www at " + address,
                () -> records(node.udp(query("www.shop.example.", Type.A)), Section.ANSWER)
                        .equals(java.util.List.of("www.shop.example. 15 A " + address)));
    }

    private String explained() throws Exception {
        return node.admin("GET", "/explain?name=www.shop.example&ip=192.0.2.1").body();
    }

    @Test
    void usersGoToTheOtherRegionWhileTheirsIsDownAndComeBack() throws Exception {
        awaitAnswer("127.0.0.1");
        eu.stop(0);
        awaitAnswer("127.0.0.2");
        assertThat(explained()).contains("\"127.0.0.1\" : \"down\"").contains("\"region\" : \"us\"");
        assertThat(node.admin("GET", "/metrics").body())
                .contains("geodns_target_healthy{address=\"127.0.0.1\",policy=\"edge\",region=\"eu\"} 0.0")
                .contains("geodns_target_healthy{address=\"127.0.0.2\",policy=\"edge\",region=\"us\"} 1.0");

        us.stop(0);
        TestNode.await("both down", () -> explained().contains("\"all-down\" : true"));
        awaitAnswer("127.0.0.1");

        us = serve("127.0.0.2");
        awaitAnswer("127.0.0.2");
        eu = serve("127.0.0.1");
        awaitAnswer("127.0.0.1");
    }

    @Test
    void aServerThatSaysItIsIllIsTakenOut() throws Exception {
        awaitAnswer("127.0.0.1");
        status.set(503);
        awaitAnswer("127.0.0.2");
        status.set(200);
        awaitAnswer("127.0.0.1");
    }

    @Test
    void aReloadKeepsWhatIsKnownOfTargetsThatStay() throws Exception {
        status.set(503);
        awaitAnswer("127.0.0.2");
        TestNode.write(folder, "eu: { serves: [EU] }\nus: { serves: [NA] }\n", section() + "tcp: { connections: 7 }\n");
        node.node().reload().get();
        assertThat(records(node.udp(query("www.shop.example.", Type.A)), Section.ANSWER))
                .containsExactly("www.shop.example. 15 A 127.0.0.2");
        TestNode.write(folder, "eu: {}\nus: {}\n", section().replaceAll("(?m)^.*health.*$", ""));
        node.node().reload().get();
        assertThat(records(node.udp(query("www.shop.example.", Type.A)), Section.ANSWER))
                .containsExactly("www.shop.example. 30 A 127.0.0.1");
    }
}
