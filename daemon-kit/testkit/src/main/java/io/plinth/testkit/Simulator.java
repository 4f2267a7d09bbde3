package io.plinth.testkit;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Owned by the test's thread. Runs several nodes in one thread under a virtual clock: events in the order of their time, a
 * network between nodes that delays, drops and partitions, nodes that crash and come back, and invariants checked after
 * every event. Everything follows from the seed, which every failure names.
 *
 * <pre>{@code
 * Simulator.run(1, 200, sim -> {
 *     Simulator.Network<Message> network = sim.network(Duration.ofMillis(1), Duration.ofMillis(20), 0.01);
 *     sim.invariant("one leader an epoch", () -> ...);
 *     sim.runFor(Duration.ofSeconds(10));
 * });
 * }</pre>
 */
public final class Simulator {
    private final long seed;
    private final SplittableRandom random;
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::number));
    private final Map<String, BooleanSupplier> invariants = new LinkedHashMap<>();
    /** How often a node was taken down: what an earlier life planned does not happen. */
    private final Map<String, Integer> lives = new HashMap<>();

    private final Set<String> down = new HashSet<>();
    private long now;
    private long scheduled;
    private long steps;

    private record Event(long at, long number, String what, Runnable action) {}

    /** A simulation, given a fresh simulator. */
    public interface Scenario {
        void play(Simulator simulator) throws Exception;
    }

    /** Starts at virtual time 0. */
    public Simulator(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
    }

    /** Plays a scenario with this many seeds, or with the one of {@code -Dplinth.seed=N}. */
    public static void run(long firstSeed, int seeds, Scenario scenario) {
        Long only = Long.getLong("plinth.seed");
        long from = only == null ? firstSeed : only;
        for (long seed = from; seed < from + (only == null ? seeds : 1); seed++) {
            Simulator simulator = new Simulator(seed);
            try {
                scenario.play(simulator);
            } catch (Exception | AssertionError failure) {
                throw simulator.failure("scenario failed", failure);
            }
        }
    }

    /** Chance, the same for the same seed. */
    public RandomGenerator random() {
        return random;
    }

    /** Virtual nanoseconds, for constructors that take {@code System::nanoTime} elsewhere. */
    public LongSupplier nanoTime() {
        return () -> now;
    }

    /** Virtual wall-clock time; begins with the year 2026. */
    public Clock clock() {
        return new VirtualClock(ZoneOffset.UTC);
    }

    /** Events so far. */
    public long steps() {
        return steps;
    }

    /** Does this after a delay. */
    public void schedule(Duration delay, Runnable action) {
        plan(delay.toNanos(), "task", action);
    }

    /** Does this after a delay unless the node was taken down meanwhile. */
    public void schedule(String node, Duration delay, Runnable action) {
        int life = life(node);
        plan(delay.toNanos(), "task of " + node, () -> {
            if (isUp(node) && life(node) == life) {
                action.run();
            }
        });
    }

    /** Must hold after every event. */
    public void invariant(String name, BooleanSupplier holds) {
        invariants.put(name, holds);
    }

    /** Nothing reaches the node, and nothing it planned happens, until it is {@link #up}. */
    public void down(String node) {
        down.add(node);
        lives.merge(node, 1, Integer::sum);
    }

    /** The node is back; whoever calls this starts it anew. */
    public void up(String node) {
        down.remove(node);
    }

    /** Whether the node runs. */
    public boolean isUp(String node) {
        return !down.contains(node);
    }

    /** A network whose messages take from {@code fastest} to {@code slowest}, and of which this share is lost. */
    public <M> Network<M> network(Duration fastest, Duration slowest, double loss) {
        return new Network<>(this, fastest, slowest, loss);
    }

    /** Lets virtual time pass. */
    public void runFor(Duration time) {
        long end = now + time.toNanos();
        for (Event next = events.peek(); next != null && next.at <= end; next = events.peek()) {
            step();
        }
        now = end;
    }

    /** Runs until this holds, or fails when it does not within a virtual time. */
    public void runUntil(String what, Duration limit, BooleanSupplier holds) {
        long end = now + limit.toNanos();
        while (!holds.getAsBoolean()) {
            Event next = events.peek();
            if (next == null || next.at > end) {
                throw failure("not reached within " + limit + ": " + what, null);
            }
            step();
        }
    }

    private void step() {
        Event event = events.remove();
        now = event.at;
        steps++;
        try {
            event.action.run();
        } catch (RuntimeException | AssertionError failure) {
            throw failure(event.what, failure);
        }
        invariants.forEach((name, holds) -> {
            if (!holds.getAsBoolean()) {
                throw failure("invariant broken by " + event.what + ": " + name, null);
            }
        });
    }

    private void plan(long delay, String what, Runnable action) {
        events.add(new Event(now + Math.max(0, delay), scheduled++, what, action));
    }

    private int life(String node) {
        return lives.getOrDefault(node, 0);
    }

    private AssertionError failure(String what, @org.jspecify.annotations.Nullable Throwable cause) {
        if (cause instanceof SimulationError already) {
            return already;
        }
        String why = cause == null ? "" : ": " + cause;
        return new SimulationError(
                what + why + " (seed " + seed + ", step " + steps + ", after " + Duration.ofNanos(now)
                        + "; repeat with -Dplinth.seed=" + seed + ")",
                cause);
    }

    /** Names its seed already. */
    private static final class SimulationError extends AssertionError {
        SimulationError(String message, @org.jspecify.annotations.Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /** The simulator's time as a clock. */
    private final class VirtualClock extends Clock {
        private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
        private final ZoneId zone;

        VirtualClock(ZoneId zone) {
            this.zone = zone;
        }

        @Override
        public ZoneId getZone() {
            return zone;
        }

        @Override
        public Clock withZone(ZoneId other) {
            return new VirtualClock(other);
        }

        @Override
        public Instant instant() {
            return BEGIN.plusNanos(now);
        }
    }

    /** Carries messages between named nodes; order is kept for no pair. */
    public static final class Network<M> {
        private final Simulator simulator;
        private final long fastest;
        private final long slowest;
        private final Map<String, BiConsumer<String, M>> receivers = new HashMap<>();
        private final List<Set<String>> islands = new ArrayList<>();
        private double loss;

        private Network(Simulator simulator, Duration fastest, Duration slowest, double loss) {
            this.simulator = simulator;
            this.fastest = fastest.toNanos();
            this.slowest = slowest.toNanos();
            this.loss = loss;
        }

        /** What comes for the node goes to this, with the sender's name; replaces an earlier one. */
        public void join(String node, BiConsumer<String, M> receiver) {
            receivers.put(node, receiver);
        }

        /** Sends a message; it may come late or never. */
        public void send(String from, String to, M message) {
            boolean lost = simulator.random.nextDouble() < loss;
            long delay = fastest + (slowest > fastest ? simulator.random.nextLong(slowest - fastest) : 0);
            if (lost || !simulator.isUp(from)) {
                return;
            }
            simulator.plan(delay, from + " -> " + to + ": " + message, () -> {
                BiConsumer<String, M> receiver = receivers.get(to);
                if (receiver != null && simulator.isUp(to) && connected(from, to)) {
                    receiver.accept(from, message);
                }
            });
        }

        /** Of each message from now on this share is lost. */
        public void loss(double share) {
            loss = share;
        }

        /** These nodes reach only each other, and the others only each other, until {@link #heal}. */
        public void partition(Set<String> island) {
            islands.add(Set.copyOf(island));
        }

        /** Every node reaches every other. */
        public void heal() {
            islands.clear();
        }

        private boolean connected(String a, String b) {
            return islands.stream().allMatch(island -> island.contains(a) == island.contains(b));
        }
    }
}
