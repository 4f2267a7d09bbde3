package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench.Case;
import io.plinth.deploy.bench.harness.Bench.Contender;
import io.plinth.deploy.bench.harness.Bench.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Owned by the command. Warms every server up, then loads them in turn, each round beginning with another one, so that
 * neither what the machine does meanwhile nor the order favours one.
 */
public final class Rounds {
    private static final Duration SLICE = Duration.ofSeconds(3);
    private static final Duration WARM_UP_OF_PEERS = Duration.ofSeconds(3);
    /** So many times the least warm-up is the longest. */
    private static final int LONGEST_WARM_UP = 4;

    private static final double STABLE = 0.02;

    private final Stage stage;
    private final int count;
    private final Duration time;
    private final Duration warmUp;
    private final Consumer<String> progress;

    /** {@code warmUp}: at least so long for ours, as the JIT needs it; 0 for none. */
    public Rounds(Stage stage, int count, Duration time, Duration warmUp, Consumer<String> progress) {
        this.stage = stage;
        this.count = count;
        this.time = time;
        this.warmUp = warmUp;
        this.progress = progress;
    }

    /** Medians by case, then by server, in the order given. */
    public Map<String, Map<String, Sample>> run(List<Contender> contenders, List<Case> cases)
            throws IOException, DeployException, InterruptedException {
        for (Contender contender : contenders) {
            for (Case load : cases) {
                if (!warmUp.isZero() && load.concerns(contender) && !load.once()) {
                    warmUp(contender, load);
                }
            }
        }
        Map<String, Map<String, Sample>> medians = new LinkedHashMap<>();
        for (Case load : cases) {
            Map<String, List<Sample>> samples = new LinkedHashMap<>();
            List<Contender> concerned =
                    contenders.stream().filter(load::concerns).toList();
            concerned.forEach(contender -> samples.put(contender.name(), new ArrayList<>()));
            int rounds = load.once() ? 1 : count;
            for (int round = 0; round < rounds; round++) {
                List<Contender> turn = new ArrayList<>(concerned);
                Collections.rotate(turn, round);
                for (Contender contender : turn) {
                    Sample sample = measure(contender, load);
                    samples.computeIfAbsent(contender.name(), name -> new ArrayList<>())
                            .add(sample);
                    progress.accept("%s, round %d of %d: %s %.0f requests/s"
                            .formatted(load.name(), round + 1, rounds, contender.name(), sample.throughput()));
                }
            }
            Map<String, Sample> byServer = new LinkedHashMap<>();
            samples.forEach((name, all) -> byServer.put(name, Sample.median(all)));
            medians.put(load.name(), byServer);
        }
        return medians;
    }

    /** Until a slice is no faster than the one before, within bounds. */
    private void warmUp(Contender contender, Case load) throws IOException, DeployException, InterruptedException {
        long least = (contender.ours() ? warmUp : min(warmUp, WARM_UP_OF_PEERS)).toNanos();
        long begun = System.nanoTime();
        double before = 0;
        while (true) {
            Duration slice = min(SLICE, warmUp);
            load.load().prepare(contender);
            Sample sample = Sample.of(outcome(contender, load, slice), Duration.ZERO, 0);
            long warm = System.nanoTime() - begun;
            boolean stable = sample.throughput() < before * (1 + STABLE);
            if ((warm >= least && (stable || !contender.ours())) || warm >= warmUp.toNanos() * LONGEST_WARM_UP) {
                progress.accept("%s, warm after %d s: %s %.0f requests/s"
                        .formatted(load.name(), warm / 1_000_000_000, contender.name(), sample.throughput()));
                return;
            }
            before = sample.throughput();
        }
    }

    private Sample measure(Contender contender, Case load) throws IOException, DeployException, InterruptedException {
        load.load().prepare(contender);
        Duration before = stage.cpu(contender.process());
        try (PeakMemory memory = new PeakMemory(contender.process())) {
            Outcome outcome = outcome(contender, load, time);
            return Sample.of(outcome, stage.cpu(contender.process()).minus(before), memory.bytes());
        }
    }

    private static Outcome outcome(Contender contender, Case load, Duration time)
            throws IOException, DeployException, InterruptedException {
        Outcome outcome = load.load().run(contender, time);
        Duration longer = time;
        // Where other work holds the processor, a second may pass without one answer.
        while (outcome.requests() == 0 && outcome.errors().isEmpty() && longer.compareTo(time.multipliedBy(8)) < 0) {
            longer = longer.multipliedBy(2);
            load.load().prepare(contender);
            outcome = load.load().run(contender, longer);
        }
        if (!outcome.errors().isEmpty() || outcome.requests() == 0) {
            throw new DeployException("%s, %s: %d requests, errors: %s (expected: requests, no errors)"
                    .formatted(contender.name(), load.name(), outcome.requests(), outcome.errors()));
        }
        return outcome;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
