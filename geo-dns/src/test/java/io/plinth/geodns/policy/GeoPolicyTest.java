package io.plinth.geodns.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.NetUtil;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GeoPolicyTest {
    private static final List<List<String>> ORDERS =
            List.of(List.of(), List.of("eu", "us", "asia"), List.of("us", "eu", "asia"), List.of("asia", "us", "eu"));

    private final GeoPolicy policy = new GeoPolicy(
            "edge",
            30,
            List.of("us", "eu", "asia"),
            new TreeMap<>(Map.of(
                    "eu", targets("eu", "192.0.2.10", "192.0.2.11", "2001:db8::10"),
                    "us", targets("us", "198.51.100.10"))));

    private static List<Target> targets(String region, String... addresses) {
        return List.of(addresses).stream()
                .map(address -> new Target("edge", region, address))
                .toList();
    }

    private String answer(int order, int type, Set<String> down) {
        Choice choice = policy.choose(ORDERS, target -> !down.contains(target.address()))
                .at(order);
        return choice.region() + " " + text(choice.find(type)) + (choice.allDown() ? " all down" : "");
    }

    private static String text(@Nullable RecordSet set) {
        return set == null
                ? "-"
                : set.records().stream()
                        .map(data -> NetUtil.bytesToIpAddress(data.octets()))
                        .collect(Collectors.joining(","));
    }

    @Test
    void theFirstRegionOfTheOrderThatHasTargetsAnswers() {
        assertThat(answer(1, RecordType.A, Set.of())).isEqualTo("eu 192.0.2.10,192.0.2.11");
        assertThat(answer(2, RecordType.A, Set.of())).isEqualTo("us 198.51.100.10");
        assertThat(answer(3, RecordType.A, Set.of())).isEqualTo("us 198.51.100.10");
        assertThat(answer(GeoIndex.UNKNOWN, RecordType.A, Set.of())).isEqualTo("us 198.51.100.10");
    }

    @Test
    void aDownTargetIsLeftOutAndARegionWithoutOneFailsOver() {
        assertThat(answer(1, RecordType.A, Set.of("192.0.2.10"))).isEqualTo("eu 192.0.2.11");
        Set<String> eu = Set.of("192.0.2.10", "192.0.2.11", "2001:db8::10");
        assertThat(answer(1, RecordType.A, eu)).isEqualTo("us 198.51.100.10");
        assertThat(answer(2, RecordType.A, Set.of("198.51.100.10"))).isEqualTo("eu 192.0.2.10,192.0.2.11");
    }

    @Test
    void bothAddressFamiliesComeFromTheSameRegion() {
        assertThat(answer(1, RecordType.AAAA, Set.of())).isEqualTo("eu 2001:db8::10");
        assertThat(answer(2, RecordType.AAAA, Set.of())).isEqualTo("us -");
        assertThat(answer(1, RecordType.A, Set.of("192.0.2.10", "192.0.2.11"))).isEqualTo("eu -");
    }

    @Test
    void withEverythingDownTheAnswerIsAsIfAllWereWell() {
        Set<String> all = Set.of("192.0.2.10", "192.0.2.11", "2001:db8::10", "198.51.100.10");
        assertThat(answer(1, RecordType.A, all)).isEqualTo("eu 192.0.2.10,192.0.2.11 all down");
        assertThat(answer(2, RecordType.A, all)).isEqualTo("us 198.51.100.10 all down");
    }
}
