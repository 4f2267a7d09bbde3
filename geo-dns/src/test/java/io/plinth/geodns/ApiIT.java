package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static io.plinth.geodns.answer.Asker.records;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What the API changes is answered at once, kept in versions, and taken back. */
class ApiIT {
    private static final String ZONE = """
        $TTL 300
        @    SOA    ns1 hostmaster 1 2 3 4 60
        @    NS     ns1
        ns1  A      192.0.2.1
        www  POLICY edge
        """;
    private static final String SECTION = """
        zones: { shop.example: shop.example.zone }
        limits: { load-for: 2s }
        policies:
          edge: { by: failover, order: [a, b], targets: { a: [192.0.2.10], b: [192.0.2.20] }, shed-from: 50, min-ttl: 1s }
          probed:
            by: failover
            names: [probed.shop.example]
            targets: { a: [192.0.2.30, "2001:db8::1"] }
            health: { port: 1, interval: 1h }
          loaded:
            by: failover
            order: [a, b]
            names: [loaded.shop.example]
            targets: { a: [192.0.2.40], b: [192.0.2.50] }
            shed-from: 50
            min-ttl: 1s
        """;

    @TempDir
    Path folder;

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        Files.writeString(folder.resolve("shop.example.zone"), ZONE);
        node = TestNode.start(folder, "eu: { serves: [EU] }\n", SECTION);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private List<String> answer(String name, int type) throws Exception {
        return records(node.udp(query(name, type)), Section.ANSWER);
    }

    private String send(String method, String path, String body, int status) throws Exception {
        var response = node.admin(method, path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return response.body();
    }

    private List<String> diff(String body) throws Exception {
        List<String> diff = new ArrayList<>();
        Matcher array =
                Pattern.compile("\"diff\" : \\[(.*?)\\]\\s*}", Pattern.DOTALL).matcher(body);
        assertThat(array.find()).as(body).isTrue();
        Matcher line = Pattern.compile("\"([^\"]*)\"").matcher(array.group(1).replace("\\\"", "'"));
        while (line.find()) {
            diff.add(line.group(1));
        }
        return diff;
    }

    @Test
    void diffsAreOfWhatIsServed() throws Exception {
        String soa = " shop.example. 300 IN SOA ns1.shop.example. hostmaster.shop.example. ";
        String record = "/zones/shop.example/records/new/A";
        assertThat(diff(send("PUT", record, "60 192.0.2.5", 200)))
                .containsExactly(
                        "-" + soa + "1 2 3 4 60", "+" + soa + "2 2 3 4 60", "+ new.shop.example. 60 IN A 192.0.2.5");
        assertThat(diff(send("DELETE", record, "", 200)))
                .containsExactly(
                        "-" + soa + "2 2 3 4 60", "- new.shop.example. 60 IN A 192.0.2.5", "+" + soa + "3 2 3 4 60");
        assertThat(diff(send("DELETE", "/zones/SHOP.example", "", 200)))
                .containsExactly("-" + soa + "3 2 3 4 60", "+" + soa + "1 2 3 4 60");
        assertThat(diff(send("PUT", "/targets/edge/a", "192.0.2.11", 200)))
                .containsExactly("- 192.0.2.10", "+ 192.0.2.11");
        assertThat(diff(send("DELETE", "/targets/edge/a", "", 200))).containsExactly("- 192.0.2.11", "+ 192.0.2.10");
        assertThat(diff(send("POST", "/versions/4/rollback", "", 200))).containsExactly("- 192.0.2.10", "+ 192.0.2.11");
    }

    @Test
    void whatAZoneIsCanBePutBackInWhateverCaseAndChangesNothing() throws Exception {
        String text = send("GET", "/zones/shop.example", "", 200);
        assertThat(text).contains("www.shop.example. 0 IN POLICY").doesNotContain("probed");
        assertThat(diff(send("PUT", "/zones/Shop.Example", text, 200))).isEmpty();
        assertThat(send("GET", "/zones", "", 200)).contains("\"from\" : \"api\"");
        String more = text + "x.shop.example. 60 IN TXT \"" + "y".repeat(200) + "\"\n".repeat(1);
        StringBuilder large = new StringBuilder(more);
        for (int i = 0; i < 3_000; i++) {
            large.append("n").append(i).append(".shop.example. 60 IN A 192.0.2.1\n");
        }
        send("PUT", "/zones/SHOP.EXAMPLE?dry-run=true", large.toString(), 200);
        send("PUT", "/zones/SHOP.EXAMPLE", more, 200);
        assertThat(answer("x.shop.example.", Type.TXT)).hasSize(1);
        assertThat(send("GET", "/versions/2", "", 200)).contains("yyy").contains("\"before\"");
        send("DELETE", "/zones/shop.EXAMPLE", "", 200);
        assertThat(answer("x.shop.example.", Type.TXT)).isEmpty();
    }

    @Test
    void aRefusedChangeLeavesNothingBehind() throws Exception {
        assertThat(send("PUT", "/targets/probed/a", "lb.cdn.example.", 422)).contains("(expected: `probe-at:");
        send("PUT", "/targets/edge/b", "192.0.2.21", 200);
        assertThat(send("GET", "/versions", "", 200)).doesNotContain("probed");
        assertThat(send("PUT", "/latency/nosuch", "10.0.0.0/8 a=1", 400))
                .contains("latency: nosuch (expected: a policy");
        assertThat(send("PUT", "/overrides/192.0.2.99", "down", 400)).contains("of a target)");
        send("PUT", "/overrides/edge/192.0.2.30", "down", 400);
        send("PUT", "/overrides/2001:DB8:0:0::1", "down", 200);
        assertThat(send("GET", "/overrides", "", 200)).contains("\"2001:db8::1\" : \"down");
        send("DELETE", "/overrides/2001:db8:0::1", "", 200);
        assertThat(send("GET", "/overrides", "", 200)).doesNotContain("2001");
        node.node().reload().get();
        node.close();
        node = TestNode.start(folder, "eu: { serves: [EU] }\n", SECTION);
        assertThat(answer("probed.shop.example.", Type.A)).containsExactly("probed.shop.example. 30 A 192.0.2.30");
    }

    @Test
    void recordsAndZonesChangeAtOnceAndCanBeTakenBack() throws Exception {
        String path = "/zones/shop.example/records/new/A";
        assertThat(send("PUT", path + "?dry-run=true", "60 192.0.2.5\n60 192.0.2.6\n", 200))
                .contains("+ new.shop.example. 60 IN A 192.0.2.5")
                .contains("\"version\" : 0");
        assertThat(node.udp(query("new.shop.example.", Type.A)).getRcode()).isEqualTo(Rcode.NXDOMAIN);

        send("PUT", path, "60 192.0.2.5\n60 192.0.2.6\n", 200);
        assertThat(answer("new.shop.example.", Type.A)).hasSize(2);
        assertThat(answer("www.shop.example.", Type.A)).containsExactly("www.shop.example. 30 A 192.0.2.10");
        assertThat(send("GET", "/zones", "", 200)).contains("\"serial\" : 2").contains("\"from\" : \"api\"");
        assertThat(send("DELETE", path, "", 200)).contains("- new.shop.example. 60 IN A 192.0.2.6");
        assertThat(answer("new.shop.example.", Type.A)).isEmpty();

        assertThat(send("PUT", "/zones/shop.example", ZONE + "bad A x\n", 422))
                .contains("address: x (expected: an IPv4 address");
        send("PUT", "/zones/more.example", ZONE.replace("www  POLICY edge", "x TXT hello"), 200);
        assertThat(answer("x.more.example.", Type.TXT)).hasSize(1);

        node.node().reload().get();
        assertThat(answer("x.more.example.", Type.TXT)).hasSize(1);

        assertThat(send("GET", "/versions", "", 200)).contains("\"version\" : 3");
        send("POST", "/versions/1/rollback", "", 200);
        assertThat(answer("new.shop.example.", Type.A)).hasSize(2);
        assertThat(node.udp(query("x.more.example.", Type.TXT)).getRcode()).isEqualTo(Rcode.REFUSED);
        send("POST", "/versions/0/rollback", "", 200);
        assertThat(send("GET", "/zones", "", 200)).contains("\"from\" : \"file\"");
        send("POST", "/versions/99/rollback", "", 400);
    }

    @Test
    void targetsOverridesAndLoadsSteerTheAnswers() throws Exception {
        send("PUT", "/targets/edge/a", "192.0.2.11 192.0.2.12", 200);
        assertThat(answer("www.shop.example.", Type.A)).hasSize(2);
        send("PUT", "/targets/edge/c", "192.0.2.11", 400);
        send("PUT", "/targets/edge/a", "lb.cdn.example. 192.0.2.12", 400);
        assertThat(send("PUT", "/zones/shop.example/records/www/MX?dry-run=true", "60 10 ns1.shop.example.", 200))
                .contains("+ www.shop.example. 60 IN MX");
        send("PUT", "/targets/edge/a", "lb.cdn.example.", 200);
        assertThat(answer("www.shop.example.", Type.AAAA))
                .containsExactly("www.shop.example. 30 CNAME lb.cdn.example.");
        assertThat(send("PUT", "/zones/shop.example/records/www/MX", "60 10 ns1.shop.example.", 422))
                .contains("(expected: nothing beside a policy that answers names");
        send("PUT", "/targets/edge/a", "192.0.2.11 192.0.2.12", 200);
        send("PUT", "/overrides/192.0.2.11", "down", 200);
        send("PUT", "/overrides/edge/192.0.2.12?for=1h", "down", 200);
        TestNode.await(
                "b", () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.20")));
        assertThat(send("GET", "/targets", "", 200)).contains("\"overridden\" : true");
        send("DELETE", "/overrides/192.0.2.11", "", 200);
        TestNode.await(
                "a again",
                () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.11")));
        TestNode.await("shed", () -> {
            send("PUT", "/loads/edge/a", "100", 200);
            return answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.20"));
        });
        send("PUT", "/latency/edge", "127.0.0.0/8 b=1 a=9\n", 200);
        send("PUT", "/loads/edge/a", "0", 200);
        assertThat(answer("www.shop.example.", Type.A)).containsExactly("www.shop.example. 30 A 192.0.2.20");
        assertThat(send("PUT", "/latency/edge", "127.0.0.0/8 z=1\n", 422)).contains("member: z");
    }

    /** Both take ten seconds, which pass for both at once. */
    @Test
    void anOverrideExpiresWithTheTtlGoingTowardsThatAndALoadThatIsNotToldAgainCountsNoMore() throws Exception {
        // Told again where it was over before it was looked at.
        TestNode.await("b until then, shorter and shorter", () -> {
            send("PUT", "/overrides/192.0.2.10?for=2s", "down", 200);
            return answer("www.shop.example.", Type.A).getFirst().matches("www.shop.example. \\d A 192.0.2.20");
        });
        TestNode.await("shed", () -> {
            send("PUT", "/loads/loaded/a", "100", 200);
            return answer("loaded.shop.example.", Type.A).equals(List.of("loaded.shop.example. 30 A 192.0.2.50"));
        });
        TestNode.await(
                "a after the override",
                () -> answer("www.shop.example.", Type.A).equals(List.of("www.shop.example. 30 A 192.0.2.10")));
        TestNode.await(
                "not shed any more",
                () -> answer("loaded.shop.example.", Type.A).equals(List.of("loaded.shop.example. 30 A 192.0.2.40")));
    }

    @Test
    void aNameMayMoveToAnotherPolicyAfterItsZoneWasChanged() throws Exception {
        send("PUT", "/zones/shop.example/records/new/A", "60 192.0.2.5", 200);
        TestNode.write(
                folder,
                "eu: { serves: [EU] }\n",
                SECTION.replace("names: [probed.shop.example]", "names: []")
                        .replace("order: [a, b],", "order: [a, b], names: [probed.shop.example],"));
        node.node().reload().get();
        assertThat(answer("probed.shop.example.", Type.A)).containsExactly("probed.shop.example. 30 A 192.0.2.10");
        assertThat(answer("new.shop.example.", Type.A)).hasSize(1);
    }

    @Test
    void changesOutliveTheNode() throws Exception {
        send("PUT", "/zones/shop.example/records/kept/A", "60 192.0.2.5", 200);
        node.close();
        node = TestNode.start(folder, "eu: { serves: [EU] }\n", SECTION);
        assertThat(answer("kept.shop.example.", Type.A)).hasSize(1);
    }
}
