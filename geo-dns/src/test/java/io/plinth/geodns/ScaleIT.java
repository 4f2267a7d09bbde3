package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Many names and many networks. Times are told, not judged: they are this machine's, with all that runs beside. */
@Timeout(300)
class ScaleIT {
    private static final int NAMES = Integer.getInteger("scale.names", 50_000);
    private static final int NETWORKS = Integer.getInteger("scale.networks", 10_000);
    private static final int MILLION = 1_000_000;
    /** With few names, what else the JVM keeps meanwhile counts. */
    private static final int MOST_OCTETS = NAMES < MILLION ? 400 : 200;

    private static final String HEAD = "$TTL 300\n@ SOA ns1 h 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\n";

    @TempDir
    Path folder;

    private static long used() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static long cpuMillis() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1_000_000;
    }

    private static String address(int number) {
        return "10." + (number >> 16) + "." + ((number >> 8) & 0xFF) + "." + (number & 0xFF);
    }

    @Test
    void aNameTakesFewOctets(TestReporter reporter) throws Exception {
        Path zone = Files.writeString(folder.resolve("z.zone"), HEAD);
        try (TestNode node =
                TestNode.start(folder, "eu: {}\n", "zones: { shop.example: z.zone }\nlimits: { records: 2000000 }\n")) {
            StringBuilder text = new StringBuilder(HEAD);
            for (int i = 0; i < NAMES; i++) {
                text.append("host-").append(i).append(" A ").append(address(i)).append('\n');
            }
            Files.writeString(zone, text);
            text = null;
            long before = used();
            long cpu = cpuMillis();
            long begin = System.nanoTime();
            node.node().reload().get();
            long took = (System.nanoTime() - begin) / 1_000_000;
            cpu = cpuMillis() - cpu;
            long octets = (used() - before) / NAMES;
            reporter.publishEntry(
                    NAMES + " names",
                    took + " ms, of them " + cpu + " ms of processor time; " + octets + " octets each");
            assertThat(octets).isLessThan(MOST_OCTETS);
            int last = NAMES - 1;
            assertThat(records(node.udp(query("host-" + last + ".shop.example.", Type.A)), Section.ANSWER))
                    .containsExactly("host-" + last + ".shop.example. 300 A " + address(last));
        }
    }

    @Test
    void manyNetworksAreCompiledWhileAnswersGoOn(TestReporter reporter) throws Exception {
        Files.writeString(folder.resolve("z.zone"), HEAD + "www POLICY edge\n");
        Files.writeString(folder.resolve("networks.txt"), "");
        try (TestNode node = TestNode.start(folder, "eu: {}\n", """
            zones: { shop.example: z.zone }
            policies:
              edge:
                map: { EU: [a] }
                targets: { a: [203.0.113.1], b: [203.0.113.2], c: [203.0.113.3] }
                networks-file: networks.txt
            """)) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < NETWORKS; i++) {
                text.append((i >> 16) + 16)
                        .append('.')
                        .append((i >> 8) & 0xFF)
                        .append('.')
                        .append(i & 0xFF)
                        .append(".0/24 ")
                        .append(((i * 0x9E3779B9) >>> 8) % 3 == 0 ? 'b' : 'c')
                        .append('\n');
            }
            Files.writeString(folder.resolve("networks.txt"), text);
            long cpu = cpuMillis();
            long begin = System.nanoTime();
            CompletableFuture<Void> reload = node.node().reload();
            List<Long> waits = new ArrayList<>();
            do {
                long asked = System.nanoTime();
                node.udp(query("www.shop.example.", Type.A));
                waits.add((System.nanoTime() - asked) / 1_000);
            } while (!reload.isDone());
            reload.get();
            Collections.sort(waits);
            reporter.publishEntry(
                    NETWORKS + " networks",
                    (System.nanoTime() - begin) / 1_000_000 + " ms, of them with the client " + (cpuMillis() - cpu)
                            + " ms of processor time; " + waits.size() + " answers meanwhile, the slowest after "
                            + waits.getLast() + " us, the median after " + waits.get(waits.size() / 2) + " us");
            assertThat(records(
                            node.udp(query(
                                    "www.shop.example.",
                                    Type.A,
                                    new ClientSubnetOption(24, InetAddress.ofLiteral("16.0.1.0")))),
                            Section.ANSWER))
                    .containsAnyOf("www.shop.example. 30 A 203.0.113.2", "www.shop.example. 30 A 203.0.113.3");
        }
    }
}
