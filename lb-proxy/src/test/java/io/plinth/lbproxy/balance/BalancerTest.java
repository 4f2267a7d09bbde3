package io.plinth.lbproxy.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BalancerTest {
    private static final class Servers implements Candidates {
        final int[] weights;
        final boolean[] away;
        final double[] costs;

        Servers(int... weights) {
            this.weights = weights;
            away = new boolean[weights.length];
            costs = new double[weights.length];
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
    void aServerThatIsAwayIsNotPicked() {
        Servers servers = new Servers(1, 1, 1);
        servers.away[1] = true;
        for (Balancer balancer : List.of(new RoundRobin(), new PowerOfTwo(new SplittableRandom(1)))) {
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
