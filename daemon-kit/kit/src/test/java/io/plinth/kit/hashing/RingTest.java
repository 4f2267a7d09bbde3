package io.plinth.kit.hashing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RingTest {
    private static final int KEYS = 1_000_000;

    private static Map<String, Integer> nodes(int count) {
        Map<String, Integer> nodes = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            nodes.put("node-" + i, 1);
        }
        return nodes;
    }

    @Test
    void sharesFollowWeightsWithinOnePercent() {
        Map<String, Integer> weights = Map.of("a", 1, "b", 2, "c", 5);
        Ring ring = Ring.of(weights);
        Map<String, Integer> counts = new HashMap<>();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < KEYS; i++) {
            counts.merge(ring.owner(random.nextLong()), 1, Integer::sum);
        }
        weights.forEach((node, weight) -> assertThat(counts.getOrDefault(node, 0) / (double) KEYS)
                .isCloseTo(weight / 8.0, within(0.01 * weight / 8.0)));
    }

    @Test
    void sequentialHashesAreSpreadToo() {
        Ring ring = Ring.of(nodes(4));
        int first = 0;
        for (long hash = 0; hash < 100_000; hash++) {
            first += ring.owner(hash).equals("node-0") ? 1 : 0;
        }
        assertThat(first / 100_000.0).isCloseTo(0.25, within(0.01));
    }

    @Test
    void joinAndLeaveMoveAboutTheNodesOwnShare() {
        for (int count : new int[] {3, 10, 30}) {
            Ring before = Ring.of(nodes(count));
            Ring after = Ring.of(nodes(count + 1));
            int moved = 0;
            int movedElsewhere = 0;
            SplittableRandom random = new SplittableRandom(count);
            for (int i = 0; i < 200_000; i++) {
                long hash = random.nextLong();
                if (!before.owner(hash).equals(after.owner(hash))) {
                    moved++;
                    movedElsewhere += after.owner(hash).equals("node-" + count) ? 0 : 1;
                }
            }
            double ideal = 1.0 / (count + 1);
            assertThat(moved / 200_000.0).isBetween(0.95 * ideal, 1.2 * ideal);
            assertThat(movedElsewhere / 200_000.0).isLessThan(0.15 * ideal);
        }
    }

    @Test
    void orderOfNodesDoesNotMatter() {
        Map<String, Integer> reversed = new LinkedHashMap<>();
        for (int i = 9; i >= 0; i--) {
            reversed.put("node-" + i, 1);
        }
        Ring one = Ring.of(nodes(10));
        Ring other = Ring.of(reversed);
        for (long hash = 0; hash < 10_000; hash++) {
            assertThat(one.owner(hash)).isEqualTo(other.owner(hash));
        }
    }

    @Test
    void walksOnToAnAcceptableNodeAndBackToTheOwnerWhenNoneIs() {
        Ring ring = Ring.of(nodes(5));
        for (long hash = 0; hash < 1_000; hash++) {
            String owner = ring.owner(hash);
            int index = ring.nodes().indexOf(owner);
            assertThat(ring.owner(hash, node -> true)).isEqualTo(owner);
            assertThat(ring.owner(hash, node -> node != index)).isNotEqualTo(owner);
            assertThat(ring.owner(hash, node -> false)).isEqualTo(owner);
        }
    }

    @Test
    void refusesNoNodesAndNoWeight() {
        assertThatThrownBy(() -> Ring.of(Map.of())).hasMessage("nodes: 0 (expected: 1 to 4096)");
        assertThatThrownBy(() -> Ring.of(Map.of("a", 0))).hasMessage("weight of a: 0 (expected: >= 1)");
    }
}
