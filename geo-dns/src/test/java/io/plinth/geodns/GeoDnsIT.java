package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.geodns.listen.LocalAddresses;
import io.plinth.testkit.MmdbWriter;
import io.plinth.testkit.RequiresPeer;
import java.io.DataInputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.DClass;
import org.xbill.DNS.ExtendedResolver;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Lookup;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** The whole node through real sockets, asked by clients that were not written for it. */
@Timeout(120)
class GeoDnsIT {
    private static final String REGIONS = "eu: { serves: [EU] }\nus: { serves: [NA] }\n";
    private static final String SECTION = """
        zones: { shop.example: zones/shop.example.zone, big.example: zones/big.example.zone }
        database: country.mmdb
        tcp: { connections: 20, idle: 500ms }
        policies:
          edge:
            names: [www.shop.example]
            targets: { eu: [192.0.2.10], us: [198.51.100.10, 198.51.100.11] }
        """;

    @TempDir
    Path folder = Path.of("");

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        Files.createDirectories(folder.resolve("zones"));
        try (var in = GeoDnsIT.class.getResourceAsStream("/zones/shop.example.zone")) {
            assertThat(in).isNotNull();
            Files.write(folder.resolve("zones/shop.example.zone"), in.readAllBytes());
        }
        StringBuilder big = new StringBuilder("$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n");
        for (int i = 0; i < 200; i++) {
            big.append("many A 198.51.100.").append(i).append('\n');
        }
        Files.writeString(folder.resolve("zones/big.example.zone"), big);
        new MmdbWriter("Test")
                .put("203.0.113.0/24", Map.of("country_code", "US"))
                .put("192.0.2.0/24", Map.of("country_code", "DE"))
                .write(folder.resolve("country.mmdb"));
        node = TestNode.start(folder, REGIONS, SECTION);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    @Test
    void bothTransportsAnswerTheSameAtTheSamePort() throws Exception {
        assertThat(node.node().listening().get("tcp"))
                .isEqualTo(node.node().listening().get("udp"));
        for (Message answer :
                List.of(node.udp(query("shop.example.", Type.A)), node.tcp(query("shop.example.", Type.A)))) {
            assertThat(answer.getRcode()).isEqualTo(Rcode.NOERROR);
            assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
            assertThat(records(answer, Section.ANSWER)).containsExactly("shop.example. 300 A 127.0.0.1");
        }
    }

    @Test
    void theOtherTransportsAnswerToo() throws Exception {
        for (String transport : List.of("nio", "io_uring")) {
            node.close();
            node = TestNode.start(folder, REGIONS, SECTION, transport);
            assertThat(node.udp(query("shop.example.", Type.A)).getSection(Section.ANSWER))
                    .hasSize(1);
            assertThat(node.tcp(query("many.big.example.", Type.A)).getSection(Section.ANSWER))
                    .hasSize(200);
        }
    }

    @Test
    void nettysDatagramsAnswerLikeTheOwnLoop() throws Exception {
        node.close();
        node = TestNode.start(folder, REGIONS, SECTION + "udp: { transport: netty }\n");
        assertThat(records(node.udp(query("shop.example.", Type.A)), Section.ANSWER))
                .containsExactly("shop.example. 300 A 127.0.0.1");
        assertThat(node.udp(query("many.big.example.", Type.A)).getSection(Section.ANSWER))
                .hasSize(200);
        for (int i = 0; i < 300; i++) {
            assertThat(node.udp(query("nothing.shop.example.", Type.A)).getRcode())
                    .isEqualTo(Rcode.NXDOMAIN);
        }
        assertThat(metric("geodns_queries_total{rcode=\"NXDOMAIN\",transport=\"udp\"}"))
                .isEqualTo(300);
        node.node().drainAndStop(java.time.Duration.ofSeconds(20)).get();
    }

    @Test
    void aWildcardAddressIsEveryLocalAddressAndEachAnswersForItself() throws Exception {
        assertThat(LocalAddresses.of("0.0.0.0")).contains("127.0.0.1").allMatch(address -> !address.contains(":"));
        assertThat(LocalAddresses.of("127.0.0.1")).containsExactly("127.0.0.1");
    }

    @Test
    void theHeapGrowsWithZonesAndDatabase() throws Exception {
        var file = TestNode.load(folder.resolve("plinth.yaml"));
        var config = file.stack().nodes().values().iterator().next();
        long before = GeoDnsMain.TYPE.jvm(file, config).heap().bytes();
        Files.write(folder.resolve("country.mmdb"), new byte[32 << 20]);
        assertThat(GeoDnsMain.TYPE.jvm(file, config).heap().bytes()).isEqualTo(before + 6L * 24 * 1024 * 1024);
    }

    @Test
    void aDrainEndsConnectionsBehindTheirAnswers() throws Exception {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(20_000);
            socket.connect(node.node().listening().get("tcp"));
            byte[] query = query("shop.example.", Type.A).toWire();
            socket.getOutputStream().write(new byte[] {0, (byte) query.length});
            socket.getOutputStream().write(query);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            in.readFully(new byte[in.readUnsignedShort()]);
            node.node().drainAndStop(java.time.Duration.ofSeconds(20)).get();
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void aStockLookupFollowsAliasesAndRetriesOverTcp() throws Exception {
        Lookup lookup = new Lookup("static.shop.example.", Type.A, DClass.IN);
        lookup.setResolver(node.resolver(false));
        lookup.setCache(null);
        assertThat(lookup.run()).extracting(Record::rdataToString).containsExactly("192.0.2.10");

        Message plain = node.udp(query("many.big.example.", Type.A));
        assertThat(plain.getSection(Section.ANSWER)).hasSize(200);
        var untruncating = node.resolver(false);
        untruncating.setIgnoreTruncation(true);
        Message truncated = untruncating.send(query("many.big.example.", Type.A));
        assertThat(truncated.getHeader().getFlag(Flags.TC)).isTrue();
        assertThat(truncated.getSection(Section.ANSWER)).isEmpty();
        assertThat(new ExtendedResolver(List.of(node.resolver(false)))
                        .send(query("many.big.example.", Type.A))
                        .getSection(Section.ANSWER))
                .hasSize(200);
    }

    @Test
    void clientsAreSentToTheirRegion() throws Exception {
        Message message =
                query("www.shop.example.", Type.A, new ClientSubnetOption(24, InetAddress.ofLiteral("203.0.113.0")));
        assertThat(records(node.udp(message), Section.ANSWER))
                .containsExactly("www.shop.example. 30 A 198.51.100.10", "www.shop.example. 30 A 198.51.100.11");
        assertThat(records(node.tcp(message), Section.ANSWER)).hasSize(2);
        assertThat(records(node.udp(query("www.shop.example.", Type.A)), Section.ANSWER))
                .containsExactly("www.shop.example. 30 A 192.0.2.10");
    }

    @Test
    void manyQueriesAtOnceFromManySocketsAreAllAnswered() throws Exception {
        int queries = 2_000;
        List<DatagramSocket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                socket.setSoTimeout(10_000);
                sockets.add(socket);
            }
            byte[] buffer = new byte[1_500];
            for (int i = 0; i < queries; ) {
                // Bursts, so that one read brings several; small enough for the kernel's buffer.
                int burst = Math.min(100, queries - i);
                for (int j = 0; j < burst; j++) {
                    Message query = query("shop.example.", Type.A);
                    query.getHeader().setID(i + j);
                    byte[] octets = query.toWire();
                    sockets.get(j % 8).send(new DatagramPacket(octets, octets.length, node.address()));
                }
                for (int j = 0; j < burst; j++) {
                    DatagramPacket answer = new DatagramPacket(buffer, buffer.length);
                    sockets.get(j % 8).receive(answer);
                    Message message = new Message(java.util.Arrays.copyOf(buffer, answer.getLength()));
                    assertThat(message.getSection(Section.ANSWER)).hasSize(1);
                }
                i += burst;
            }
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
        assertThat(metric("geodns_queries_total{rcode=\"NOERROR\",transport=\"udp\"}"))
                .isEqualTo(queries);
    }

    private double metric(String name) throws Exception {
        return node.admin("GET", "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    @Test
    void oversizedAndMalformedDatagramsAreFormatErrors() throws Exception {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            socket.setSoTimeout(10_000);
            byte[] query =
                    java.util.Arrays.copyOf(query("shop.example.", Type.A).toWire(), 2_000);
            socket.send(new DatagramPacket(query, query.length, node.address()));
            DatagramPacket answer = new DatagramPacket(new byte[1_500], 1_500);
            socket.receive(answer);
            assertThat(answer.getData()[3] & 0xF).isEqualTo(Rcode.FORMERR);
        }
    }

    @Test
    void pipelinedQueriesOverOneConnectionAreAnsweredAndIdleOnesEnd() throws Exception {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(20_000);
            socket.connect(node.node().listening().get("tcp"));
            OutputStream out = socket.getOutputStream();
            byte[] query = query("many.big.example.", Type.A).toWire();
            byte[] framed = new byte[(query.length + 2) * 500];
            for (int i = 0; i < 500; i++) {
                framed[i * (query.length + 2)] = (byte) (query.length >>> 8);
                framed[i * (query.length + 2) + 1] = (byte) query.length;
                System.arraycopy(query, 0, framed, i * (query.length + 2) + 2, query.length);
            }
            out.write(framed);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            for (int i = 0; i < 500; i++) {
                byte[] answer = new byte[in.readUnsignedShort()];
                in.readFully(answer);
                assertThat(new Message(answer).getSection(Section.ANSWER)).hasSize(200);
            }
            assertThat(in.read()).isEqualTo(-1);
        }
    }

    @Test
    void connectionsBeyondTheLimitAreClosed() throws Exception {
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < 25; i++) {
                Socket socket = new Socket();
                socket.connect(node.node().listening().get("tcp"));
                sockets.add(socket);
            }
            TestNode.await("five connections refused", () -> metric("geodns_tcp_refused_total") >= 5);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        TestNode.await("the others gone", () -> metric("geodns_tcp_connections") == 0);
        assertThat(node.tcp(query("shop.example.", Type.A)).getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void explainTellsTheCountryTheRegionAndTheRule() throws Exception {
        String body = node.admin("GET", "/explain?name=static.shop.example&ip=203.0.113.7")
                .body();
        assertThat(body)
                .contains("\"policy\" : \"edge\"")
                .contains("\"country\" : \"US\"")
                .contains("\"continent\" : \"NA\"")
                .contains("\"region\" : \"us\"")
                .contains("\"rule\" : \"continent\"")
                .contains("\"scope\" : 24")
                .contains("www.shop.example. 30 IN A 198.51.100.10");
        assertThat(node.admin("GET", "/explain?name=www.shop.example&ip=10.0.0.1")
                        .body())
                .contains("\"country\" : null")
                .contains("\"rule\" : \"default\"")
                .contains("\"region\" : \"eu\"");
        assertThat(node.admin("GET", "/explain?name=www.shop.example&ip=here").statusCode())
                .isEqualTo(400);
        assertThat(node.admin("GET", "/explain").body()).contains("usage: /explain");
    }

    @Test
    void aReloadSwapsZonesAndABadOneKeepsThem() throws Exception {
        Path zone = folder.resolve("zones/shop.example.zone");
        String text = Files.readString(zone);
        Files.writeString(zone, text + "fresh A 192.0.2.77\n");
        assertThat(node.udp(query("fresh.shop.example.", Type.A)).getRcode()).isEqualTo(Rcode.NXDOMAIN);
        node.node().reload().get();
        assertThat(records(node.udp(query("fresh.shop.example.", Type.A)), Section.ANSWER))
                .containsExactly("fresh.shop.example. 300 A 192.0.2.77");

        Files.writeString(zone, text + "worse A 192.0.2\nbad MX x\n");
        assertThatThrownBy(() -> node.node().reload().get())
                .hasMessageContaining("shop.example.zone:" + (text.lines().count() + 1) + ":1: address: 192.0.2 ")
                .hasMessageContaining("number: x");
        assertThat(node.udp(query("fresh.shop.example.", Type.A)).getRcode()).isEqualTo(Rcode.NOERROR);
    }

    @Test
    void withoutTheDatabaseTheDefaultIsAnsweredAndSaidSo() throws Exception {
        Files.delete(folder.resolve("country.mmdb"));
        node.node().reload().get();
        Message message =
                query("www.shop.example.", Type.A, new ClientSubnetOption(24, InetAddress.ofLiteral("203.0.113.0")));
        assertThat(records(node.udp(message), Section.ANSWER)).containsExactly("www.shop.example. 30 A 192.0.2.10");
        assertThat(metric("geodns_database_loaded")).isZero();
        assertThat(node.admin("GET", "/explain?name=www.shop.example&ip=203.0.113.7")
                        .body())
                .contains("country.mmdb is missing")
                .contains("\"rule\" : \"default\"");

        new MmdbWriter("Again")
                .put("203.0.113.0/24", Map.of("country_code", "CA"))
                .write(folder.resolve("country.mmdb"));
        node.node().reload().get();
        assertThat(records(node.udp(message), Section.ANSWER)).hasSize(2);
        assertThat(metric("geodns_database_loaded")).isEqualTo(1);
    }

    @Test
    @RequiresPeer("dig")
    void digIsContent() throws Exception {
        String plain = dig("+norecurse", "www.shop.example", "A");
        assertThat(plain).contains("status: NOERROR").contains("flags: qr aa;").contains("192.0.2.10");
        assertThat(plain).doesNotContain("WARNING").doesNotContain("malformed");
        assertThat(dig("+subnet=203.0.113.0/24", "www.shop.example", "A"))
                .contains("198.51.100.10")
                .contains("CLIENT-SUBNET: 203.0.113.0/24/24");
        assertThat(dig("many.big.example", "A")).contains("ANSWER: 200").contains("TCP");
        assertThat(dig("+edns=1", "+noednsneg", "shop.example", "SOA")).contains("status: BADVERS");
        assertThat(dig("nothing.shop.example", "TXT"))
                .contains("status: NXDOMAIN")
                .contains("SOA");
        assertThat(dig("shop.example", "ANY")).contains("RFC8482");
        assertThat(dig("+opcode=notify", "shop.example", "SOA")).contains("status: NOTIMP");
    }

    private String dig(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of("dig", "@127.0.0.1", "-p", String.valueOf(node.address().getPort()), "+tries=1", "+time=10"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
