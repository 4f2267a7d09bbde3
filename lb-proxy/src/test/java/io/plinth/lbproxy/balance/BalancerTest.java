package io.plinth.lbproxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.hashing.Ring;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BalancerTest {
    private static final class Servers implements Candidates {
        final int[] weights;
        final boolean[] away;
        final double[] costs;
        final int[] loads;
        long key;

        Servers(int... weights) {
            this.weights = weights;
            away = new boolean[weights.length];
            costs = new double[weights.length];
            loads = new int[weights.length];
        }

        @Override
        public int size() {
            return weights.length;
        }

        @Override
        public boolean available(int index) {
            return !away[index];
        }

        @Override
        public int weight(int index) {
            return weights[index];
        }

        @Override
        public double cost(int index) {
            return costs[index];
        }

        @Override
        public int load(int index) {
            return loads[index];
        }

        @Override
        public long key() {
            return key;
        }
    }

    @Test
    void turnsAreSharedByWeightAndMixed() {
        RoundRobin turns = new RoundRobin();
        Servers servers = new Servers(3, 1);
        List<Integer> picks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            picks.add(turns.pick(servers));
        }
        assertThat(picks).containsExactly(0, 0, 1, 0, 0, 0, 1, 0);
    }

    @Test
    void lookingDoesNotTakeATurn() {
        Servers servers = new Servers(3, 2, 1);
        for (Balancer balancer : List.of(new RoundRobin(), new LeastLoaded())) {
            for (int i = 0; i < 20; i++) {
                int seen = balancer.peek(servers);
                assertThat(balancer.peek(servers)).isEqualTo(seen);
                assertThat(balancer.pick(servers)).isEqualTo(seen);
            }
        }
    }

    @Test
    void theLeastLoadedForItsWeightIsPickedAndEqualsTakeTurns() {
        LeastLoaded balancer = new LeastLoaded();
        Servers servers = new Servers(1, 1, 2);
        servers.loads[0] = 1;
        servers.loads[1] = 2;
        servers.loads[2] = 4;
        assertThat(balancer.pick(servers)).isEqualTo(0);
        servers.loads[2] = 1;
        assertThat(balancer.pick(servers)).isEqualTo(2);
        Servers equal = new Servers(1, 1, 1);
        assertThat(List.of(balancer.pick(equal), balancer.pick(equal), balancer.pick(equal)))
                .containsExactlyInAnyOrder(0, 1, 2);
    }

    private static ConsistentHash hash(int servers, double bound) {
        Map<String, Integer> weights = new TreeMap<>();
        int[] positions = new int[servers];
        for (int i = 0; i < servers; i++) {
            weights.put("s" + i, 1);
            positions[i] = i;
        }
        return new ConsistentHash(Ring.of(weights), positions, bound);
    }

    @Test
    void aKeyStaysAtItsServerAndMovesOnlyWhenThatIsAwayOrTooLoaded() {
        ConsistentHash balancer = hash(5, 1.25);
        Servers servers = new Servers(1, 1, 1, 1, 1);
        int[] homes = new int[1_000];
        int[] counts = new int[5];
        for (int key = 0; key < homes.length; key++) {
            servers.key = key;
            homes[key] = balancer.pick(servers);
            counts[homes[key]]++;
            assertThat(balancer.pick(servers)).isEqualTo(homes[key]);
        }
        for (int count : counts) {
            assertThat(count).isBetween(120, 280);
        }
        servers.away[2] = true;
        for (int key = 0; key < homes.length; key++) {
            servers.key = key;
            int now = balancer.pick(servers);
            if (homes[key] == 2) {
                assertThat(now).isNotEqualTo(2);
            } else {
                assertThat(now).isEqualTo(homes[key]);
            }
        }
        servers.away[2] = false;
        servers.key = 7;
        servers.loads[homes[7]] = 10;
        assertThat(balancer.pick(servers)).isNotEqualTo(homes[7]);
    }

    @Test
    void oneHotKeyNeverLoadsAServerBeyondTheBound() {
        ConsistentHash balancer = hash(4, 1.25);
        Servers servers = new Servers(1, 1, 1, 1);
        for (int i = 0; i < 400; i++) {
            servers.loads[balancer.pick(servers)]++;
        }
        for (int load : servers.loads) {
            assertThat(load).isLessThanOrEqualTo(126);
        }
    }

    @Test
    void aServerThatIsAwayIsNotPicked() {
        Servers servers = new Servers(1, 1, 1);
        servers.away[1] = true;
        for (Balancer balancer :
                List.of(new RoundRobin(), new LeastLoaded(), hash(3, 1.25), new PowerOfTwo(new SplittableRandom(1)))) {
            for (int i = 0; i < 100; i++) {
                assertThat(balancer.pick(servers)).isIn(0, 2);
            }
        }
    }

    @Test
    void withoutAServerNoneIsPicked() {
        Servers servers = new Servers(1);
        servers.away[0] = true;
        for (Balancer balancer : List.of(new RoundRobin(), new PowerOfTwo(new SplittableRandom(1)))) {
            assertThat(balancer.pick(servers)).isEqualTo(Balancer.NONE);
            assertThat(balancer.pick(new Servers())).isEqualTo(Balancer.NONE);
        }
    }

    @Test
    void theCheaperOfTwoIsPickedSoTheDearestNeverIs() {
        Servers servers = new Servers(1, 1, 1);
        servers.costs[0] = 1;
        servers.costs[1] = 2;
        servers.costs[2] = 3;
        PowerOfTwo balancer = new PowerOfTwo(new SplittableRandom(7));
        int[] counts = new int[3];
        for (int i = 0; i < 3_000; i++) {
            counts[balancer.pick(servers)]++;
        }
        assertThat(counts[2]).isZero();
        assertThat(counts[0]).isGreaterThan(counts[1]);
        assertThat(counts[1]).isPositive();
    }

    @Test
    void ofTwoTheOneThatIsCheaperForItsWeightIsPicked() {
        Servers servers = new Servers(1, 4);
        servers.costs[0] = 1;
        servers.costs[1] = 3;
        PowerOfTwo balancer = new PowerOfTwo(new SplittableRandom(7));
        for (int i = 0; i < 100; i++) {
            assertThat(balancer.pick(servers)).isEqualTo(1);
        }
        servers.costs[1] = 5;
        for (int i = 0; i < 100; i++) {
            assertThat(balancer.pick(servers)).isEqualTo(0);
        }
    }

    @Test
    void aPeakCountsAtOnceAndFades() {
        long second = 1_000_000_000L;
        PeakEwma latency = new PeakEwma(10 * second, 0);
        latency.observe(1_000, second);
        latency.observe(9_000, second);
        assertThat(latency.cost(0, second)).isEqualTo(9_000);
        assertThat(latency.cost(2, second)).isEqualTo(27_000);
        latency.observe(1_000, 11 * second);
        assertThat(latency.cost(0, 11 * second)).isBetween(1_000.0, 9_000.0);
        assertThat(latency.cost(0, 1_000 * second)).isLessThan(100);
    }

    @Test
    void anUnmeasuredServerIsTriedButNotFlooded() {
        PeakEwma latency = new PeakEwma(1_000_000, 0);
        assertThat(latency.cost(0, 5)).isZero();
        assertThat(latency.cost(1, 5)).isGreaterThan(1e8);
    }
}
