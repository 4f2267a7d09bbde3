package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.MmdbWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A database file that changes, or breaks, while the node answers. */
class DatabaseIT {
    private static final String ZONE = "$TTL 300\n@ SOA ns1 hostmaster 1 2 3 4 60\n@ NS ns1\nns1 A 192.0.2.1\n";

    @TempDir
    Path folder;

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        Files.writeString(folder.resolve("z.zone"), ZONE + "www POLICY edge\n");
        database("DE");
        node = TestNode.start(folder, "eu: { serves: [EU] }\nus: { serves: [NA] }\n", """
            zones: { shop.example: z.zone }
            database: country.mmdb
            database-check: 100ms
            policies:
              edge: { targets: { eu: [192.0.2.10], us: [192.0.2.20] } }
            """);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private void database(String country) throws Exception {
        Path next = folder.resolve("next.mmdb");
        new MmdbWriter("Test")
                .put("203.0.113.0/24", Map.of("country_code", country))
                .write(next);
        Files.move(next, folder.resolve("country.mmdb"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private void awaitAnswer(String address) throws Exception {
        ClientSubnetOption subnet = new ClientSubnetOption(24, InetAddress.ofLiteral("203.0.113.0"));
        TestNode.await(
                address,
                () -> records(node.udp(query("www.shop.example.", Type.A, subnet)), Section.ANSWER)
                        .equals(List.of("www.shop.example. 30 A " + address)));
    }

    @Test
    void aChangedFileIsSwappedInWithoutUndoingWhatTheApiChanged() throws Exception {
        awaitAnswer("192.0.2.10");
        assertThat(node.admin("PUT", "/targets/edge/us", "192.0.2.21").statusCode())
                .isEqualTo(200);
        database("US");
        awaitAnswer("192.0.2.21");
        assertThat(node.admin("GET", "/targets").body()).contains("192.0.2.21").doesNotContain("192.0.2.20");
    }

    @Test
    void aBrokenFileIsRefusedAndTheLastGoodOneStays() throws Exception {
        awaitAnswer("192.0.2.10");
        Path file = folder.resolve("country.mmdb");
        byte[] good = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(good, good.length / 2));
        TestNode.await(
                "it is said",
                () -> node.admin("GET", "/explain?name=www.shop.example&ip=203.0.113.7")
                        .body()
                        .contains("last good; "));
        awaitAnswer("192.0.2.10");
        database("US");
        awaitAnswer("192.0.2.20");
    }
}
