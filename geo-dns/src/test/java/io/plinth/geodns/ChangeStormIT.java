package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.MmdbWriter;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * A zone and a policy, the database and the health of targets change every second while dnsperf and a client who reads
 * closely ask on. Everything of one version carries its number - the TTLs of the zone, its serial, the policy's
 * addresses -, the database decides the member and the scope together, and health both addresses of a member: whatever
 * was put together of two snapshots does not agree with itself.
 */
@Timeout(300)
@RequiresPeer("dnsperf")
class ChangeStormIT {
    private static final int SECONDS = Integer.getInteger("storm.seconds", 4);
    private static final int QUERIES_A_SECOND = Integer.getInteger("storm.queries", 2_000);
    private static final int TTL = 1_000;
    private static final Pattern LOST = Pattern.compile("Queries lost:\\s+(\\d+)");
    private static final Pattern CODES = Pattern.compile("Response codes:\\s+(.*)");

    @TempDir
    Path folder;

    private final Set<Integer> versions = ConcurrentHashMap.newKeySet();
    private final Set<String> members = ConcurrentHashMap.newKeySet();
    private final Set<List<Integer>> healths = ConcurrentHashMap.newKeySet();
    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        zone(1);
        database(1);
        node = TestNode.start(folder, "eu: { serves: [EU] }\nus: { serves: [NA] }\n", section(1));
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void zone(int version) throws IOException {
        Files.writeString(folder.resolve("z.zone"), """
            $TTL %1$d
            @      SOA   ns1 h %2$d 2 3 4 %1$d
            @      NS    ns1
            ns1    A     %3$s
            a      CNAME b
            b      CNAME edge
            edge   POLICY edge
            health POLICY health
            sub    NS    ns.sub
            ns.sub A     %3$s
            """.formatted(TTL + version, version, address(version, 1)));
    }

    private static String address(int version, int member) {
        return "10." + (version >> 8) + "." + (version & 0xFF) + "." + member;
    }

    private static String section(int version) {
        return """
            zones: { shop.example: z.zone }
            database: country.mmdb
            database-check: 100ms
            policies:
              edge:
                targets: { eu: [%s], us: [%s] }
                default: eu
              health:
                by: failover
                up-share: 100
                targets: { eu: [192.0.2.11, 192.0.2.12], us: [192.0.2.21, 192.0.2.22] }
            """.formatted(address(version, 1), address(version, 2));
    }

    /** Either the client's network alone is in America, or the half of the world beside it is: scope 24 or 17. */
    private void database(int version) throws IOException {
        Path next = folder.resolve("next.mmdb");
        new MmdbWriter("Version " + version)
                .put(version % 2 == 0 ? "203.0.113.0/24" : "203.0.128.0/17", Map.of("country_code", "US"))
                .write(next);
        Files.move(next, folder.resolve("country.mmdb"), StandardCopyOption.REPLACE_EXISTING);
    }

    private void change(int version) throws Exception {
        zone(version);
        TestNode.write(folder, "eu: { serves: [EU] }\nus: { serves: [NA] }\n", section(version));
        node.node().reload().get();
        database(version);
        assertThat(node.admin("PUT", "/overrides/health/192.0.2.11", version % 2 == 0 ? "down" : "up")
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void noQueryIsLostAndNoAnswerIsMixedWhileEverythingChanges(TestReporter reporter) throws Exception {
        AtomicBoolean stopping = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread reader = new Thread(
                () -> {
                    try {
                        read(stopping);
                    } catch (IOException | AssertionError e) {
                        failure.set(e);
                    }
                },
                "reader");
        Process dnsperf = dnsperf();
        reader.start();
        long begin = System.nanoTime();
        int version = 1;
        // Longer where the machine is so busy that the reader has not seen both of everything by then.
        while (failure.get() == null
                && (System.nanoTime() - begin < SECONDS * 1_000_000_000L
                        || (!everythingSeen() && System.nanoTime() - begin < (SECONDS + 60) * 1_000_000_000L))) {
            change(++version);
            long next = begin + (version - 1) * 1_000_000_000L - System.nanoTime();
            Thread.sleep(Math.max(0, next / 1_000_000));
        }
        String report = new String(dnsperf.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        stopping.set(true);
        reader.join();
        assertThat(failure.get()).isNull();
        assertThat(found(LOST, report)).as(report).isEqualTo("0");
        assertThat(found(CODES, report)).as(report).doesNotContain("SERVFAIL").doesNotContain("REFUSED");
        reporter.publishEntry("changes", version - 1 + ", seen " + versions.size());
        assertThat(versions).as("versions seen").hasSizeGreaterThan(1);
        assertThat(members).containsExactlyInAnyOrder("1 by /17", "2 by /24");
        assertThat(healths).containsExactlyInAnyOrder(List.of(11, 12), List.of(21, 22));
    }

    private boolean everythingSeen() {
        return versions.size() > 1 && members.size() > 1 && healths.size() > 1;
    }

    private Process dnsperf() throws IOException {
        Path questions = Files.writeString(
                folder.resolve("questions"),
                "a.shop.example A\n"
                        + "none.shop.example A\n"
                        + "x.sub.shop.example A\n"
                        + "health.shop.example A\n"
                        + "ns1.shop.example A\n");
        return new ProcessBuilder(
                        Peer.path("dnsperf").toString(),
                        "-s",
                        "127.0.0.1",
                        "-p",
                        String.valueOf(node.address().getPort()),
                        "-d",
                        questions.toString(),
                        "-c",
                        "8",
                        "-Q",
                        String.valueOf(QUERIES_A_SECOND),
                        "-l",
                        String.valueOf(SECONDS),
                        "-e",
                        "-t",
                        "10")
                .redirectErrorStream(true)
                .start();
    }

    private static String found(Pattern pattern, String report) {
        Matcher matcher = pattern.matcher(report);
        assertThat(matcher.find()).as(report).isTrue();
        return matcher.group(1);
    }

    private void read(AtomicBoolean stopping) throws IOException {
        ClientSubnetOption subnet = new ClientSubnetOption(24, InetAddress.ofLiteral("203.0.113.0"));
        byte[] in = new byte[4_096];
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(node.address());
            socket.setSoTimeout(10_000);
            while (!stopping.get()) {
                for (String name : List.of("a", "none", "x.sub", "health")) {
                    Message question = query(name + ".shop.example.", Type.A, subnet);
                    byte[] octets = question.toWire();
                    socket.send(new DatagramPacket(octets, octets.length));
                    DatagramPacket packet = new DatagramPacket(in, in.length);
                    socket.receive(packet);
                    Message answer = new Message(Arrays.copyOf(in, packet.getLength()));
                    assertThat(answer.getHeader().getID())
                            .isEqualTo(question.getHeader().getID());
                    if (name.equals("health")) {
                        healths.add(answer.getSection(Section.ANSWER).stream()
                                .map(each -> ((ARecord) each).getAddress().getAddress()[3] & 0xFF)
                                .sorted()
                                .toList());
                    } else {
                        agrees(answer);
                    }
                }
            }
        }
    }

    /** Every number in an answer is of one version. */
    private void agrees(Message answer) {
        List<Integer> numbers = new ArrayList<>();
        for (int section : new int[] {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL}) {
            for (Record each : answer.getSection(section)) {
                if (each instanceof ARecord address) {
                    byte[] octets = address.getAddress().getAddress();
                    numbers.add((octets[1] & 0xFF) << 8 | (octets[2] & 0xFF));
                }
                if (each instanceof SOARecord soa) {
                    numbers.add((int) soa.getSerial());
                    numbers.add((int) soa.getMinimum() - TTL);
                }
                if (each.getTTL() >= TTL && each.getType() != Type.OPT) {
                    numbers.add((int) each.getTTL() - TTL);
                }
            }
        }
        assertThat(new HashSet<>(numbers)).as(answer.toString()).hasSize(1);
        versions.add(numbers.getFirst());
        List<Record> answers = answer.getSection(Section.ANSWER);
        if (!answers.isEmpty() && answers.getLast() instanceof ARecord address) {
            int scope = answer.getOPT().getOptions(EDNSOption.Code.CLIENT_SUBNET).stream()
                    .mapToInt(option -> ((ClientSubnetOption) option).getScopePrefixLength())
                    .sum();
            members.add(address.getAddress().getAddress()[3] + " by /" + scope);
        }
    }
}
