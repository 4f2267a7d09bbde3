package io.plinth.geodns;

import static io.plinth.geodns.answer.Asker.query;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.MmdbWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ClientSubnetOption;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What is explained is what is served, and what is served is counted and logged. */
@Timeout(120)
class ExplainIT {
    private static final String ZONE = "$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n";
    private static final String ABC =
            "targets: { a: [203.0.113.1, \"2001:db8::1\"], b: [203.0.113.2], c: [203.0.113.3] }";
    private static final List<String> ALIKE =
            List.of("geo", "near", "lat", "sticky", "fail", "alias", "outer", "fenced");
    private static final List<String> BY_CHANCE = List.of("weights", "many", "shed");
    private static final List<String> CLIENTS =
            List.of("192.0.2.7", "198.51.100.7", "203.0.113.7", "10.1.2.3", "2001:db8:9::1");

    @TempDir
    private Path folder = Path.of("");

    private TestNode node;

    @BeforeEach
    void start() throws Exception {
        StringBuilder zone = new StringBuilder(ZONE);
        ALIKE.forEach(name -> zone.append(name + " POLICY " + name + "\n"));
        BY_CHANCE.forEach(name -> zone.append(name + " POLICY " + name + "\n"));
        Files.writeString(folder.resolve("z.zone"), zone);
        new MmdbWriter("Places")
                .put("192.0.2.0/24", Map.of("country_code", "DE", "latitude", 50.1, "longitude", 8.7))
                .put("198.51.100.0/24", Map.of("country_code", "US", "latitude", 40.7, "longitude", -74.0))
                .put("2001:db8:9::/48", Map.of("country_code", "JP", "latitude", 35.7, "longitude", 139.7))
                .write(folder.resolve("places.mmdb"));
        String coordinates = ", coordinates: { a: \"50.1, 8.7\", b: \"38.9, -77\", c: \"1.3, 103.9\" }";
        node = TestNode.start(folder, "eu: { serves: [EU] }\n", """
            zones: { shop.example: z.zone }
            database: places.mmdb
            query-log: { every: 3, file: queries.log }
            policies:
              geo: { map: { EU: [a], NA: [b] }, default: c, %1$s }
              near: { by: nearest, default: a, %1$s%2$s }
              lat: { by: latency, networks: { 203.0.113.0/24: [b] }, default: a, %1$s%2$s }
              sticky: { by: weighted, sticky: true, %1$s }
              fail: { by: failover, order: [b, a, c], %1$s }
              alias: { by: failover, targets: { a: [lb.cdn.example.] } }
              outer: { map: { EU: [a] }, default: b, targets: { a: ["policy:sticky"], b: ["policy:near"] } }
              fenced: { map: { EU: [a], NA: [b] }, default: c, fence: true, on-all-down: none, %1$s }
              weights: { by: weighted, weights: { a: 9 }, %1$s }
              many: { by: multivalue, picks: 2, %1$s }
              shed: { by: failover, order: [a, b, c], shed-from: 50, %1$s }
            """.formatted(ABC, coordinates));
        assertThat(node.admin("PUT", "/loads/shed/a", "75").statusCode()).isEqualTo(200);
    }

    @AfterEach
    void stop() {
        node.close();
    }

    /** Records, scope and response code, as one text. */
    private String served(String name, int type, String from) throws Exception {
        InetAddress client = InetAddress.ofLiteral(from);
        Message answer = node.udp(
                query(name + ".shop.example.", type, new ClientSubnetOption(client.getAddress().length * 8, client)));
        TreeSet<String> data = new TreeSet<>();
        answer.getSection(Section.ANSWER)
                .forEach(record -> data.add(record.getName() + " " + record.getTTL() + " IN "
                        + Type.string(record.getType()) + " " + address(record.rdataToString())));
        List<EDNSOption> subnet = answer.getOPT().getOptions(EDNSOption.Code.CLIENT_SUBNET);
        return data + " /" + ((ClientSubnetOption) subnet.getFirst()).getScopePrefixLength();
    }

    private static String address(String data) {
        return data.contains(":") ? InetAddress.ofLiteral(data).getHostAddress() : data;
    }

    private String explained(String name, int type, String from) throws Exception {
        String body = node.admin(
                        "GET", "/explain?name=" + name + ".shop.example&type=" + Type.string(type) + "&from=" + from)
                .body();
        Matcher answers = Pattern.compile("\"answer\" : \\[(.*?)\\]").matcher(body);
        Matcher scope = Pattern.compile("\"scope\" : (\\d+)").matcher(body);
        assertThat(answers.find() && scope.find()).as(body).isTrue();
        TreeSet<String> data = new TreeSet<>();
        Matcher each = Pattern.compile("\"([^\"]+) (\\S+)\"").matcher(answers.group(1));
        while (each.find()) {
            data.add(each.group(1) + " " + address(each.group(2)));
        }
        return data + " /" + scope.group(1);
    }

    @Test
    void everyKindOfPolicyIsServedAsExplained() throws Exception {
        for (String client : CLIENTS) {
            for (int type : new int[] {Type.A, Type.AAAA, Type.MX}) {
                for (String name : ALIKE) {
                    assertThat(served(name, type, client))
                            .as("%s %s from %s", name, Type.string(type), client)
                            .isEqualTo(explained(name, type, client));
                }
            }
        }
        for (String name : BY_CHANCE) {
            TreeSet<String> explained = new TreeSet<>();
            TreeSet<String> served = new TreeSet<>();
            TestNode.await("all of " + name, () -> {
                served.add(served(name, Type.A, "10.1.2.3"));
                explained.add(explained(name, Type.A, "10.1.2.3"));
                return served.size() >= 2 && served.equals(explained);
            });
        }
    }

    @Test
    void theExplanationSaysWhichWayItWent() throws Exception {
        assertThat(node.admin("GET", "/explain?name=outer.shop.example&from=192.0.2.7")
                        .body())
                .contains("\"country\" : \"DE\"")
                .contains("outer: order [0, 1] by /")
                .contains("sticky: weight 1 of 3, sticky")
                .contains("\"policy\" : \"outer\"");
        assertThat(node.admin("GET", "/explain?name=alias.shop.example&from=192.0.2.7")
                        .body())
                .contains("\"lb.cdn.example.\" : \"healthy\"")
                .contains("alias.shop.example. 15 IN CNAME lb.cdn.example.".replace("15", "30"));
    }

    @Test
    void answersAreCountedByZonePolicyAndTarget() throws Exception {
        for (int i = 0; i < 5; i++) {
            served("fail", Type.A, "192.0.2.7");
            served("geo", Type.A, "192.0.2.7");
        }
        served("ns1", Type.A, "192.0.2.7");
        String metrics = node.admin("GET", "/metrics").body();
        assertThat(metrics)
                .contains("geodns_zone_answers_total{zone=\"shop.example.\"} 11.0")
                .contains("geodns_policy_answers_total{policy=\"fail\"} 5.0")
                .contains("geodns_policy_answers_total{policy=\"geo\"} 5.0")
                .contains("geodns_target_answers_total{target=\"fail/b\"} 5.0")
                .contains("geodns_target_answers_total{target=\"geo/a\"} 5.0")
                .contains("geodns_target_healthy{address=\"203.0.113.2\",policy=\"fail\",region=\"b\"} 1.0");
    }

    @Test
    void everyThirdQueryIsLoggedWithWhatItWasAndGot() throws Exception {
        org.xbill.DNS.SimpleResolver resolver = node.resolver(true);
        for (int i = 0; i < 9; i++) {
            // One connection after another: each loop counts its own.
            resolver.send(
                    query("geo.shop.example.", Type.A, new ClientSubnetOption(32, InetAddress.ofLiteral("192.0.2.7"))));
        }
        Path log = folder.resolve("queries.log");
        TestNode.await(
                "two lines", () -> Files.exists(log) && Files.readAllLines(log).size() >= 2);
        List<String> lines = Files.readAllLines(log);
        assertThat(lines).hasSizeLessThanOrEqualTo(3);
        assertThat(lines.getFirst())
                .startsWith("{\"time\":\"")
                .contains("\"from\":\"127.0.0.1\"")
                .contains("\"name\":\"geo.shop.example.\"")
                .contains("\"type\":\"A\"")
                .contains("\"rcode\":\"NOERROR\"")
                .contains("\"scope\":")
                .contains("\"transport\":\"tcp\"")
                .endsWith("}");
    }
}
