package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** ALIAS at the apex of one node's zone, whose addresses another node decides by the client's network. */
class AliasIT {
    private static final String ZONE = "$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\n";

    @TempDir
    Path folder;

    @Test
    void theApexHasTheAddressesOfANameElsewhereAsTheClientsNetworkSees() throws Exception {
        Path there = Files.createDirectory(folder.resolve("there"));
        Path here = Files.createDirectory(folder.resolve("here"));
        Files.writeString(there.resolve("z.zone"), ZONE + "lb POLICY edge\n");
        Files.writeString(here.resolve("z.zone"), ZONE + "@ ALIAS lb.far.example.\n@ MX 10 ns1\n");
        try (TestNode far = TestNode.start(there, "eu: {}\n", """
            zones: { far.example: z.zone }
            policies:
              edge:
                map: { EU: [a] }
                targets: { a: [203.0.113.1], b: [203.0.113.2] }
                networks: { 198.51.100.0/24: [b] }
            """);
                TestNode node = TestNode.start(
                        here, "eu: {}\n", """
                            zones: { shop.example: z.zone }
                            alias: { resolvers: ["127.0.0.1:%d"] }
                            query-log: { every: 1, file: queries.log }
                            """.formatted(far.address().getPort()))) {
            TestNode.await(
                    "addresses", () -> node.udp(query("shop.example.", Type.A)).getRcode() == Rcode.NOERROR);
            assertThat(records(node.udp(query("shop.example.", Type.A)), Section.ANSWER))
                    .containsExactly("shop.example. 30 A 203.0.113.1");
            ClientSubnetOption subnet = new ClientSubnetOption(24, InetAddress.ofLiteral("198.51.100.0"));
            TestNode.await("the network's own", () -> {
                Message answer = node.udp(query("shop.example.", Type.A, subnet));
                return records(answer, Section.ANSWER).equals(List.of("shop.example. 30 A 203.0.113.2"))
                        && answer.getOPT().getOptions(EDNSOption.Code.CLIENT_SUBNET).stream()
                                .allMatch(option -> ((ClientSubnetOption) option).getScopePrefixLength() == 24);
            });
            assertThat(node.udp(query("shop.example.", Type.AAAA)).getSection(Section.ANSWER))
                    .isEmpty();
            assertThat(node.udp(query("shop.example.", Type.MX)).getSection(Section.ANSWER))
                    .hasSize(1);
            TestNode.await(
                    "the log",
                    () -> Files.exists(here.resolve("queries.log"))
                            && Files.readString(here.resolve("queries.log")).contains("\"type\":\"MX\""));
        }
    }
}
