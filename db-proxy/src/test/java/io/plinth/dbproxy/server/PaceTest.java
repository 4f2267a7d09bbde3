package io.plinth.dbproxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PaceTest {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<Long> rests = new ArrayList<>();
    private long now = Long.MAX_VALUE - 1000;
    private final Pace pace = new Pace(() -> now, rests::add);

    /** One turn of the loop in which so many sockets are read, which takes so long; how often it rested after that. */
    private int turn(int sockets, long nanos) {
        rests.clear();
        for (int i = 0; i < sockets; i++) {
            pace.ready(tasks::add);
        }
        now += nanos;
        assertThat(tasks).hasSize(1);
        tasks.remove().run();
        return rests.size();
    }

    @Test
    void afterManySocketsRestsUntilThePeriodIsOver() {
        assertThat(turn(Pace.MANY, 30_000)).isEqualTo(1);
        assertThat(rests).containsExactly(Pace.PERIOD_NANOS - 30_000);
    }

    @Test
    void doesNotRestWhereServingTheSocketsTookThePeriod() {
        assertThat(turn(Pace.MANY, Pace.PERIOD_NANOS)).isZero();
        assertThat(turn(10 * Pace.MANY, 20 * Pace.PERIOD_NANOS)).isZero();
    }

    @Test
    void goesOnRestingThroughAFewTurnsWithFewerSockets() {
        turn(Pace.MANY, 1);
        for (int i = 1; i < Pace.PATIENCE; i++) {
            assertThat(turn(1, 1)).isEqualTo(1);
        }
        assertThat(turn(1, 1)).isZero();
    }

    @Test
    void fewSocketsAreKeptWaitingInTrialsOnlyThatBecomeRare() {
        List<Integer> between = new ArrayList<>();
        int without = 0;
        for (int i = 0; i < 40 * Pace.RAREST; i++) {
            if (turn(Pace.MANY - 1, 1) == 0) {
                without++;
            } else if (without > 0) {
                between.add(without);
                without = 0;
            }
        }
        // The first rest of a trial is that of its turn.
        assertThat(between.subList(0, 4))
                .containsExactly(Pace.SOONEST - 1, 2 * Pace.SOONEST - 1, 4 * Pace.SOONEST - 1, 8 * Pace.SOONEST - 1);
        assertThat(between.getLast()).isEqualTo(Pace.RAREST - 1);
    }

    @Test
    void aTrialThatFindsManySocketsIsFollowedByRests() {
        int turns = 0;
        do {
            turns++;
        } while (turn(2, 1) == 0);
        assertThat(turns).isEqualTo(Pace.SOONEST);
        for (int i = 0; i < 100; i++) {
            assertThat(turn(Pace.MANY + i, 1)).isEqualTo(1);
        }
    }

    @Test
    void afterManySocketsATrialIsSoonAgain() {
        for (int i = 0; i < 4 * Pace.RAREST; i++) {
            turn(1, 1);
        }
        turn(Pace.MANY, 1);
        for (int i = 1; i < Pace.PATIENCE; i++) {
            turn(1, 1);
        }
        int turns = 0;
        do {
            turns++;
        } while (turn(1, 1) == 0);
        assertThat(turns).isEqualTo(Pace.SOONEST);
    }
}
