package io.plinth.geodns.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.NetUtil;
import io.plinth.geodns.place.GeoIndex;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.place.Network;
import io.plinth.geodns.place.Ranking;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PolicyTest {
    private static final String ELSEWHERE = "203.0.113.1";
    private static final String NEAR_US = "198.51.100.1";

    /** Members are eu, us, asia; networks of 198.51.100.0/24 are served by us first. */
    private static final GeoIndex INDEX = GeoIndex.compile(
            GeoSource.none(""),
            new Ranking.Fixed(List.of(0, 1, 2)),
            List.of(Network.parse("198.51.100.0/24", List.of(1, 0, 2))));

    private final Map<String, Policy> policies = new HashMap<>();
    private final Set<String> down = new java.util.HashSet<>();
    private final Map<String, Integer> loads = new HashMap<>();

    private final Health health = new Health() {
        @Override
        public boolean healthy(Target target) {
            return !down.contains(target.address());
        }

        @Override
        public int secondsToChange(Target target) {
            return target.address().equals("192.0.2.99") ? 3 : Integer.MAX_VALUE;
        }

        @Override
        public int load(String policy, String member) {
            return loads.getOrDefault(member, 0);
        }
    };

    private static Member member(String policy, String name, int weight, String... addresses) {
        String nested = addresses[0].startsWith("policy:") ? addresses[0].substring(7) : null;
        List<Target> targets = nested != null
                ? List.of()
                : Stream.of(addresses)
                        .map(address -> new Target(policy, name, address))
                        .toList();
        return new Member(name, 0, targets, nested, weight);
    }

    /** What tests vary. */
    private record Options(
            Policy.By by,
            int picks,
            boolean sticky,
            boolean fence,
            double upShare,
            Policy.Shedding shedding,
            Policy.AllDown allDown) {
        static Options of(Policy.By by) {
            return new Options(by, 0, false, false, 0, Policy.Shedding.NEVER, Policy.AllDown.ALL);
        }

        Options picks(int more) {
            return new Options(by, more, sticky, fence, upShare, shedding, allDown);
        }

        Options sticks() {
            return new Options(by, picks, true, fence, upShare, shedding, allDown);
        }

        Options fenced(Policy.AllDown then) {
            return new Options(by, picks, sticky, true, upShare, shedding, then);
        }

        Options upShare(double share) {
            return new Options(by, picks, sticky, fence, share, shedding, allDown);
        }

        Options sheds(int from, int until) {
            return new Options(by, picks, sticky, fence, upShare, new Policy.Shedding(from, until), allDown);
        }
    }

    private void policy(String name, Options options, Member... members) {
        Policy policy = new Policy(
                name,
                policies.size(),
                options.by(),
                List.of(members),
                members.length == 3 ? INDEX : GeoIndex.compile(GeoSource.none(""), first(members.length), List.of()),
                first(members.length),
                new Policy.Ttl(5, 30),
                options.picks(),
                options.sticky(),
                options.fence(),
                options.upShare(),
                options.shedding(),
                options.allDown(),
                members[members.length - 1].name());
        policies.put(name, policy);
    }

    private static Ranking first(int count) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            order.add(i);
        }
        return new Ranking.Fixed(order);
    }

    private Choice choose(String policy, String client) {
        return choose(policy, new Client(new SplittableRandom(5)), client);
    }

    private Choice choose(String policy, Client who, String client) {
        byte[] address = InetAddress.ofLiteral(client).getAddress();
        who.become(address, address.length * 8);
        int number = Objects.requireNonNull(policies.get(policy)).number();
        return Objects.requireNonNull(new Policies(policies, health).choose(number, who));
    }

    private static String text(Choice choice) {
        RecordSet set = choice.find(RecordType.A);
        return choice.member() + " "
                + (set == null
                        ? "-"
                        : set.records().stream()
                                .map(data -> NetUtil.bytesToIpAddress(data.octets()))
                                .collect(Collectors.joining(",")))
                + (choice.allDown() ? " all down" : "");
    }

    private void regions(Options options) {
        policy(
                "edge",
                options,
                member("edge", "eu", 1, "192.0.2.10", "192.0.2.11", "2001:db8::10"),
                member("edge", "us", 1, "198.51.100.10"),
                member("edge", "asia", 1, "203.0.113.10"));
    }

    @Test
    void theFirstMemberOfTheOrderThatHasAHealthyTargetAnswers() {
        regions(Options.of(Policy.By.GEO));
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("eu 192.0.2.10,192.0.2.11");
        assertThat(text(choose("edge", NEAR_US))).isEqualTo("us 198.51.100.10");
        down.add("192.0.2.10");
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("eu 192.0.2.11");
        down.addAll(Set.of("192.0.2.11", "2001:db8::10"));
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("us 198.51.100.10");
    }

    @Test
    void bothAddressFamiliesComeFromTheSameMember() {
        regions(Options.of(Policy.By.GEO));
        down.addAll(Set.of("192.0.2.10", "192.0.2.11"));
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("eu -");
        assertThat(choose("edge", NEAR_US).find(RecordType.AAAA)).isNull();
    }

    @Test
    void withEverythingDownTheAnswerIsAsIfAllWereWell() {
        regions(Options.of(Policy.By.GEO));
        down.addAll(Set.of("192.0.2.10", "192.0.2.11", "2001:db8::10", "198.51.100.10", "203.0.113.10"));
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("eu 192.0.2.10,192.0.2.11 all down");
        assertThat(text(choose("edge", NEAR_US))).isEqualTo("us 198.51.100.10 all down");
    }

    @Test
    void aShareOfTargetsMayHaveToBeHealthy() {
        regions(Options.of(Policy.By.GEO).upShare(0.5));
        down.add("192.0.2.10");
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("eu 192.0.2.11");
        down.add("2001:db8::10");
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("us 198.51.100.10");
    }

    @Test
    void aFencedClientStaysWithItsMember() {
        regions(Options.of(Policy.By.GEO).fenced(Policy.AllDown.NONE));
        down.add("198.51.100.10");
        assertThat(text(choose("edge", NEAR_US))).isEqualTo("none - all down");
        assertThat(text(choose("edge", ELSEWHERE))).isEqualTo("eu 192.0.2.10,192.0.2.11");
        regions(Options.of(Policy.By.GEO).fenced(Policy.AllDown.ALL));
        assertThat(text(choose("edge", NEAR_US))).isEqualTo("us 198.51.100.10 all down");
        regions(Options.of(Policy.By.GEO).fenced(Policy.AllDown.FALLBACK));
        assertThat(text(choose("edge", NEAR_US))).isEqualTo("asia 203.0.113.10 all down");
    }

    private Map<String, Integer> shares(String policy, int clients) {
        Map<String, Integer> shares = new TreeMap<>();
        Client client = new Client(new SplittableRandom(9));
        for (int i = 0; i < clients; i++) {
            String address = "10." + (i >> 8 & 0xFF) + "." + (i & 0xFF) + ".1";
            shares.merge(choose(policy, client, address).member(), 1, Integer::sum);
        }
        return shares;
    }

    @Test
    void weightsAreShares() {
        policy(
                "w",
                Options.of(Policy.By.WEIGHTED),
                member("w", "a", 3, "192.0.2.1"),
                member("w", "b", 1, "192.0.2.2"),
                member("w", "c", 0, "192.0.2.3"));
        Map<String, Integer> shares = shares("w", 4_000);
        assertThat(shares).containsOnlyKeys("a", "b");
        assertThat(shares.get("a")).isBetween(2_850, 3_150);
        down.add("192.0.2.1");
        assertThat(shares("w", 100)).containsOnly(Map.entry("b", 100));
    }

    @Test
    void aStickyClientKeepsItsMemberAndOnlyThoseOfOneThatGoesMove() {
        policy(
                "s",
                Options.of(Policy.By.WEIGHTED).sticks(),
                member("s", "a", 1, "192.0.2.1"),
                member("s", "b", 2, "192.0.2.2"),
                member("s", "c", 1, "192.0.2.3"));
        Map<String, String> before = new HashMap<>();
        Client client = new Client(new SplittableRandom(1));
        for (int i = 0; i < 2_000; i++) {
            String address = "10." + (i >> 8) + "." + (i & 0xFF) + ".7";
            before.put(address, choose("s", client, address).member());
            assertThat(client.scope()).isEqualTo(24);
            assertThat(choose("s", client, address.replaceAll("7$", "99")).member())
                    .isEqualTo(before.get(address));
        }
        assertThat(before.values().stream().filter("b"::equals).count()).isBetween(900L, 1_100L);
        down.add("192.0.2.1");
        before.forEach((address, member) -> {
            if (!member.equals("a")) {
                assertThat(choose("s", address).member()).isEqualTo(member);
            }
        });
    }

    @Test
    void aLoadedMemberShedsAShareOfItsClientsToTheNext() {
        regions(Options.of(Policy.By.FAILOVER).sheds(50, 100));
        loads.put("eu", 75);
        Map<String, Integer> shares = shares("edge", 2_000);
        assertThat(shares).containsOnlyKeys("eu", "us");
        assertThat(shares.get("us")).isBetween(900, 1_100);
        loads.put("eu", 100);
        assertThat(shares("edge", 100)).containsOnlyKeys("us");
    }

    @Test
    void policiesWithinPoliciesPassHealthUpAndNarrowTheScope() {
        regions(Options.of(Policy.By.GEO));
        policy(
                "outer",
                Options.of(Policy.By.FAILOVER),
                member("outer", "first", 1, "policy:edge"),
                member("outer", "second", 1, "192.0.2.77"));
        Client client = new Client(new SplittableRandom(1));
        assertThat(text(choose("outer", client, NEAR_US))).isEqualTo("us 198.51.100.10");
        assertThat(client.scope()).isEqualTo(24);
        down.addAll(Set.of("192.0.2.10", "192.0.2.11", "2001:db8::10", "198.51.100.10", "203.0.113.10"));
        assertThat(text(choose("outer", client, NEAR_US))).isEqualTo("second 192.0.2.77");
        assertThat(client.scope()).isZero();
        down.add("192.0.2.77");
        assertThat(text(choose("outer", client, NEAR_US))).isEqualTo("us 198.51.100.10 all down");
    }

    @Test
    void multivalueHasAllHealthyTargetsOfAllMembers() {
        policy(
                "m",
                Options.of(Policy.By.MULTIVALUE).picks(2),
                member("m", "a", 1, "192.0.2.1", "192.0.2.2"),
                member("m", "b", 1, "192.0.2.3"));
        down.add("192.0.2.2");
        Choice choice = choose("m", ELSEWHERE);
        assertThat(text(choice)).isEqualTo("a 192.0.2.1,192.0.2.3");
        assertThat(choice.picks()).isEqualTo(2);
    }

    @Test
    void theTtlIsTheTimeToTheNextPossibleChangeWithinBounds() {
        regions(Options.of(Policy.By.GEO));
        assertThat(Objects.requireNonNull(choose("edge", ELSEWHERE).ipv4()).ttl())
                .isEqualTo(30);
        policy("soon", Options.of(Policy.By.FAILOVER), member("soon", "a", 1, "192.0.2.99"));
        assertThat(Objects.requireNonNull(choose("soon", ELSEWHERE).ipv4()).ttl())
                .isEqualTo(5);
    }
}
