package io.plinth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SimulatorTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @Test
    void eventsHappenInTheOrderOfTheirTime() {
        Simulator sim = new Simulator(1);
        List<String> seen = new ArrayList<>();
        sim.schedule(
                Duration.ofMillis(20),
                () -> seen.add("second at " + sim.nanoTime().getAsLong()));
        sim.schedule(
                Duration.ofMillis(10), () -> seen.add("first at " + sim.clock().instant()));
        sim.schedule(Duration.ofMinutes(1), () -> seen.add("later"));
        sim.runFor(SECOND);
        assertThat(seen).containsExactly("first at 2026-01-01T00:00:00.010Z", "second at 20000000");
        assertThat(sim.clock().instant()).isEqualTo(Instant.parse("2026-01-01T00:00:01Z"));
    }

    @Test
    void theSameSeedPlaysTheSame() {
        assertThat(pingPong(7)).isEqualTo(pingPong(7)).isNotEqualTo(pingPong(8));
        assertThat(pingPong(7).size()).isGreaterThan(20);
    }

    private static List<String> pingPong(long seed) {
        Simulator sim = new Simulator(seed);
        Simulator.Network<Integer> network = sim.network(Duration.ofMillis(1), Duration.ofMillis(20), 0.05);
        List<String> seen = new ArrayList<>();
        for (String node : List.of("a", "b")) {
            network.join(node, (from, n) -> {
                seen.add(sim.nanoTime().getAsLong() + " " + node + " " + n);
                network.send(node, from, n + 1);
            });
        }
        for (int i = 0; i < 10; i++) {
            network.send("a", "b", i * 1000);
        }
        sim.runFor(SECOND);
        return seen;
    }

    @Test
    void aPartitionSeparatesAndHeals() {
        Simulator sim = new Simulator(1);
        Simulator.Network<String> network = sim.network(Duration.ZERO, Duration.ZERO, 0);
        List<String> seen = new ArrayList<>();
        List.of("a", "b", "c").forEach(node -> network.join(node, (from, m) -> seen.add(from + node)));
        network.partition(Set.of("a"));
        network.send("a", "b", "");
        network.send("b", "c", "");
        sim.runFor(SECOND);
        network.heal();
        network.send("a", "b", "");
        sim.runFor(SECOND);
        assertThat(seen).containsExactly("bc", "ab");
    }

    @Test
    void aNodeThatIsDownHearsNothingAndForgetsItsPlans() {
        Simulator sim = new Simulator(1);
        Simulator.Network<String> network = sim.network(Duration.ZERO, Duration.ZERO, 0);
        List<String> seen = new ArrayList<>();
        network.join("a", (from, m) -> seen.add(m));
        sim.schedule("a", SECOND, () -> seen.add("timer of the first life"));
        sim.down("a");
        network.send("b", "a", "while down");
        sim.runFor(SECOND.dividedBy(2));
        sim.up("a");
        sim.schedule("a", SECOND, () -> seen.add("timer of the second life"));
        network.send("b", "a", "when up");
        sim.runFor(SECOND.multipliedBy(2));
        assertThat(seen).containsExactly("when up", "timer of the second life");
    }

    @Test
    void aBrokenInvariantNamesItsSeedAndEvent() {
        assertThatThrownBy(() -> Simulator.run(3, 10, sim -> {
                    List<Integer> drawn = new ArrayList<>();
                    sim.invariant("never a six", () -> !drawn.contains(6));
                    for (int i = 0; i < 5; i++) {
                        sim.schedule(SECOND, () -> drawn.add(sim.random().nextInt(1, 7)));
                    }
                    sim.runFor(SECOND);
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageMatching("invariant broken by task: never a six \\(seed \\d+, step \\d+, after PT1S; .*");
    }

    @Test
    void whatIsNotReachedInTimeFails() {
        Simulator sim = new Simulator(1);
        boolean[] reached = new boolean[1];
        sim.schedule(SECOND, () -> reached[0] = true);
        assertThatThrownBy(() -> sim.runUntil("the end", Duration.ofMillis(1), () -> reached[0]))
                .hasMessageContaining("the end");
        sim.runUntil("the end", SECOND, () -> reached[0]);
        assertThat(sim.steps()).isOne();
    }
}
