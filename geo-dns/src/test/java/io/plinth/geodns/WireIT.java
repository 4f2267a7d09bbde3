package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.listen.LocalAddresses;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What only shows through real sockets: addresses, proxies, limits. */
@Timeout(120)
class WireIT {
    private static final String REGIONS = "eu: { serves: [EU] }\n";
    private static final String ZONE =
            "$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nwww POLICY edge\n";
    private static final String SECTION = """
        zones: { shop.example: z.zone }
        policies:
          edge: { by: failover, order: [a, b], targets: { a: [192.0.2.10], b: [192.0.2.20] },
                  networks: { 198.51.100.0/24: [b], "2001:db8:5::/48": [b] } }
        """;

    @TempDir
    private Path folder = Path.of("");

    private TestNode start(String more) throws Exception {
        Files.writeString(folder.resolve("z.zone"), ZONE);
        return TestNode.start(folder, REGIONS, SECTION + more);
    }

    /** Version 2: PROXY, TCP or UDP over IPv4, from 198.51.100.7. */
    private static byte[] header(String familyAndTransport) {
        return HexFormat.of()
                .parseHex("0d0a0d0a000d0a515549540a" + "21" + familyAndTransport + "000c" + "c6336407" + "7f000001"
                        + "04d20035");
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "netty"})
    void aProxySaysInFrontOfADatagramWhoAsks(String transport) throws Exception {
        try (TestNode node = start("proxies: [127.0.0.0/8]\nudp: { transport: " + transport + " }\n");
                DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            byte[] query = query("www.shop.example.", Type.A).toWire();
            // Without a header it is no proxy's and gets no answer: what comes first is the other's.
            socket.send(new DatagramPacket(query, query.length, node.address()));
            byte[] both =
                    joined(header("12"), query("www.shop.example.", Type.A).toWire());
            socket.send(new DatagramPacket(both, both.length, node.address()));
            Message answer = receive(socket);
            assertThat(records(answer, Section.ANSWER)).containsExactly("www.shop.example. 30 A 192.0.2.20");
            assertThat(answer.getHeader().getID()).isEqualTo((both[28] & 0xFF) << 8 | (both[29] & 0xFF));
        }
    }

    private static Message receive(DatagramSocket socket) throws IOException {
        socket.setSoTimeout(20_000);
        DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
        socket.receive(packet);
        return new Message(Arrays.copyOf(packet.getData(), packet.getLength()));
    }

    @Test
    void aProxySaysInFrontOfAConnectionWhoAsks() throws Exception {
        try (TestNode node = start("proxies: [127.0.0.0/8]\ntcp: { connections-per-address: 1 }\n")) {
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                // The proxy's connections are those of its clients.
                Socket socket = connect(node, "127.0.0.1");
                sockets.add(socket);
                byte[] header = header("11");
                header[19] = (byte) (7 + i);
                socket.getOutputStream().write(header);
                send(socket, query("www.shop.example.", Type.A));
                assertThat(records(receive(socket), Section.ANSWER))
                        .containsExactly("www.shop.example. 30 A 192.0.2.20");
            }
            try (Socket second = connect(node, "127.0.0.1")) {
                second.getOutputStream().write(header("11"));
                send(second, query("www.shop.example.", Type.A));
                assertThat(second.getInputStream().read()).isEqualTo(-1);
            }
            try (Socket bare = connect(node, "127.0.0.1")) {
                send(bare, query("www.shop.example.", Type.A));
                assertThat(bare.getInputStream().read()).isEqualTo(-1);
            }
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private static Socket connect(TestNode node, String from) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(20_000);
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
        socket.connect(node.address());
        return socket;
    }

    private static void send(Socket socket, Message... queries) throws IOException {
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(octets);
        for (Message query : queries) {
            byte[] wire = query.toWire();
            out.writeShort(wire.length);
            out.write(wire);
        }
        socket.getOutputStream().write(octets.toByteArray());
    }

    private static Message receive(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] answer = new byte[in.readUnsignedShort()];
        in.readFully(answer);
        return new Message(answer);
    }

    @Test
    void oneAddressHasItsShareOfConnectionsAndAnotherItsOwn() throws Exception {
        try (TestNode node = start("tcp: { connections-per-address: 2 }\n");
                Socket one = connect(node, "127.0.0.1");
                Socket two = connect(node, "127.0.0.1")) {
            for (Socket socket : List.of(one, two)) {
                send(socket, query("ns1.shop.example.", Type.A));
                assertThat(receive(socket).getSection(Section.ANSWER)).hasSize(1);
            }
            try (Socket three = connect(node, "127.0.0.1")) {
                assertThat(three.getInputStream().read()).isEqualTo(-1);
            }
            try (Socket other = connect(node, "127.0.0.2")) {
                send(other, query("ns1.shop.example.", Type.A));
                assertThat(receive(other).getSection(Section.ANSWER)).hasSize(1);
            }
            one.shutdownOutput();
            TestNode.await("room again", () -> {
                try (Socket again = connect(node, "127.0.0.1")) {
                    send(again, query("ns1.shop.example.", Type.A));
                    return receive(again).getSection(Section.ANSWER).size() == 1;
                } catch (IOException e) {
                    return false;
                }
            });
            assertThat(node.admin("GET", "/metrics").body()).contains("geodns_tcp_refused_total");
        }
    }

    /** No query waits for another: one whose answer is not known yet says so, and the next one is answered. */
    @Test
    void pipelinedQueriesDoNotWaitForEachOther() throws Exception {
        Files.writeString(folder.resolve("z.zone"), ZONE + "far ALIAS lb.far.example.\n");
        try (DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                TestNode node = TestNode.start(
                        folder,
                        REGIONS,
                        SECTION + "alias: { resolvers: [\"127.0.0.1:%d\"] }\n".formatted(silent.getLocalPort()));
                Socket socket = connect(node, "127.0.0.1")) {
            Message[] queries = new Message[60];
            Set<Integer> ids = new HashSet<>();
            for (int i = 0; i < queries.length; i++) {
                queries[i] = query(List.of("far", "ns1", "no").get(i % 3) + ".shop.example.", Type.A);
                queries[i].getHeader().setID(i);
            }
            send(socket, queries);
            for (int i = 0; i < queries.length; i++) {
                Message answer = receive(socket);
                int id = answer.getHeader().getID();
                ids.add(id);
                assertThat(answer.getRcode()).isEqualTo(List.of(2, 0, 3).get(id % 3));
            }
            assertThat(ids).hasSize(queries.length);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "netty"})
    void everyLocalAddressIsBoundAndAnswersFromItself(String transport) throws Exception {
        Files.writeString(folder.resolve("z.zone"), ZONE);
        try (TestNode node =
                TestNode.startAt(folder, REGIONS, SECTION + "udp: { transport: " + transport + " }\n", "0.0.0.0")) {
            List<String> addresses = LocalAddresses.of("0.0.0.0");
            assertThat(addresses).contains("127.0.0.1");
            for (String address : addresses) {
                InetSocketAddress at = new InetSocketAddress(
                        InetAddress.ofLiteral(address), node.address().getPort());
                try (DatagramSocket socket = new DatagramSocket()) {
                    // Connected: what comes from another address is not received.
                    socket.connect(at);
                    byte[] query = query("ns1.shop.example.", Type.A).toWire();
                    socket.send(new DatagramPacket(query, query.length));
                    assertThat(receive(socket).getSection(Section.ANSWER)).hasSize(1);
                }
                try (Socket socket = new Socket()) {
                    socket.connect(at);
                    socket.setSoTimeout(20_000);
                    send(socket, query("ns1.shop.example.", Type.A));
                    assertThat(receive(socket).getSection(Section.ANSWER)).hasSize(1);
                }
            }
        }
    }

    @Test
    void aConnectionWithoutQueriesEnds() throws Exception {
        try (TestNode node = start("tcp: { idle: 200ms }\n");
                Socket silent = connect(node, "127.0.0.1");
                Socket half = connect(node, "127.0.0.1")) {
            half.getOutputStream().write(new byte[] {0, 100, 1, 2, 3});
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
            assertThat(half.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aSecretIsRolledOverNodesInStagesWithoutACookieLost() throws Exception {
        String old = "e5e973e5a6b2a43f48e7dc849e37bfcf";
        String next = "dd3bdf9344b678b185a6f5cb60fca715";
        Path file = Files.writeString(folder.resolve("secrets"), old + "\n");
        try (TestNode node = start("cookies: { secrets: { file: " + file + " }, require: true }\n")) {
            byte[] cookie = cookie(node, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
            assertThat(cookie).hasSize(24);
            // Both known, the old one made; then the new one made; only then is the old one forgotten.
            for (List<String> secrets : List.of(List.of(old, next), List.of(next, old), List.of(next))) {
                Files.write(file, secrets);
                node.node().reload().get();
                byte[] renewed = cookie(node, cookie);
                assertThat(Arrays.equals(renewed, cookie)).isEqualTo(!secrets.equals(List.of(next, old)));
                cookie = renewed;
            }
        }
    }

    /** The cookie that comes back; a whole one has to be good for an answer. */
    private static byte[] cookie(TestNode node, byte[] cookie) throws IOException {
        byte[] client = Arrays.copyOf(cookie, 8);
        var option = cookie.length == 8
                ? new org.xbill.DNS.CookieOption(client)
                : new org.xbill.DNS.CookieOption(client, Arrays.copyOfRange(cookie, 8, cookie.length));
        var resolver = new org.xbill.DNS.SimpleResolver(node.address());
        resolver.setTimeout(Duration.ofSeconds(20));
        resolver.setEDNS(-1);
        Message answer = resolver.send(query("ns1.shop.example.", Type.A, option));
        assertThat(answer.getSection(Section.ANSWER)).hasSize(cookie.length == 8 ? 0 : 1);
        var back = (org.xbill.DNS.CookieOption)
                answer.getOPT().getOptions(org.xbill.DNS.EDNSOption.Code.COOKIE).getFirst();
        return joined(back.getClientCookie(), back.getServerCookie().orElse(new byte[0]));
    }
}
