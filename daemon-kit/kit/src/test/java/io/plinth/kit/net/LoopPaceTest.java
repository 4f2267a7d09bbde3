package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopPaceTest {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<Long> rests = new ArrayList<>();
    private long now = Long.MAX_VALUE - 1000;
    private final LoopPace pace = new LoopPace(() -> now, nanos -> {
        rests.add(nanos);
        now += nanos;
    });

    /** One turn of the loop in which so many sockets are read, which takes so long; how often it rested after that. */
    private int turn(int sockets, long nanos) {
        rests.clear();
        for (int i = 0; i < sockets; i++) {
            pace.ready(tasks::add);
        }
        now += nanos;
        assertThat(tasks).hasSize(1);
        runTasks();
        return rests.size();
    }

    private void runTasks() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    @Test
    void afterManySocketsRestsUntilThePeriodIsOver() {
        assertThat(turn(LoopPace.MANY, 30_000)).isEqualTo(1);
        assertThat(rests).containsExactly(LoopPace.PERIOD_NANOS - 30_000);
    }

    @Test
    void restsBehindWhatTheLastSocketOfATurnHasQueued() {
        for (int i = 0; i < LoopPace.MANY; i++) {
            pace.ready(tasks::add);
        }
        tasks.add(() -> {
            assertThat(rests).isEmpty();
            now += 20_000;
        });
        runTasks();
        assertThat(rests).containsExactly(LoopPace.PERIOD_NANOS - 20_000);
    }

    @Test
    void doesNotRestWhereWhatWasQueuedTookThePeriod() {
        for (int i = 0; i < LoopPace.MANY; i++) {
            pace.ready(tasks::add);
        }
        tasks.add(() -> now += LoopPace.PERIOD_NANOS);
        runTasks();
        assertThat(rests).isEmpty();
    }

    @Test
    void restsOnceWhereTheLoopComesToItInTheNextTurnOnly() {
        for (int i = 0; i < LoopPace.MANY; i++) {
            pace.ready(tasks::add);
        }
        tasks.remove().run();
        now += 5 * LoopPace.PERIOD_NANOS;
        pace.ready(tasks::add);
        now += 10_000;
        runTasks();
        assertThat(rests).containsExactly(LoopPace.PERIOD_NANOS - 10_000);
    }

    @Test
    void doesNotRestWhereServingTheSocketsTookThePeriod() {
        assertThat(turn(LoopPace.MANY, LoopPace.PERIOD_NANOS)).isZero();
        assertThat(turn(10 * LoopPace.MANY, 20 * LoopPace.PERIOD_NANOS)).isZero();
    }

    @Test
    void goesOnRestingThroughAFewTurnsWithFewerSockets() {
        turn(LoopPace.MANY, 1);
        for (int i = 1; i < LoopPace.PATIENCE; i++) {
            assertThat(turn(1, 1)).isEqualTo(1);
        }
        assertThat(turn(1, 1)).isZero();
    }

    @Test
    void fewSocketsAreKeptWaitingInTrialsOnlyThatBecomeRare() {
        List<Integer> between = new ArrayList<>();
        int without = 0;
        for (int i = 0; i < 40 * LoopPace.RAREST; i++) {
            if (turn(LoopPace.MANY - 1, 1) == 0) {
                without++;
            } else if (without > 0) {
                between.add(without);
                without = 0;
            }
        }
        // The first rest of a trial is that of its turn.
        assertThat(between.subList(0, 4))
                .containsExactly(
                        LoopPace.SOONEST - 1,
                        2 * LoopPace.SOONEST - 1,
                        4 * LoopPace.SOONEST - 1,
                        8 * LoopPace.SOONEST - 1);
        assertThat(between.getLast()).isEqualTo(LoopPace.RAREST - 1);
    }

    @Test
    void aTrialThatFindsManySocketsIsFollowedByRests() {
        int turns = 0;
        do {
            turns++;
        } while (turn(2, 1) == 0);
        assertThat(turns).isEqualTo(LoopPace.SOONEST);
        for (int i = 0; i < 100; i++) {
            assertThat(turn(LoopPace.MANY + i, 1)).isEqualTo(1);
        }
    }

    @Test
    void afterManySocketsATrialIsSoonAgain() {
        for (int i = 0; i < 4 * LoopPace.RAREST; i++) {
            turn(1, 1);
        }
        turn(LoopPace.MANY, 1);
        for (int i = 1; i < LoopPace.PATIENCE; i++) {
            turn(1, 1);
        }
        int turns = 0;
        do {
            turns++;
        } while (turn(1, 1) == 0);
        assertThat(turns).isEqualTo(LoopPace.SOONEST);
    }
}
