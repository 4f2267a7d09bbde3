package io.plinth.kvcache.session.turn;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LogWatcher;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TurnEndTest {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<String> called = new ArrayList<>();
    private final TurnEnd turn = new TurnEnd();

    private void await(String name, long now) {
        turn.await(tasks::add, () -> called.add(name), now);
    }

    private void endOfTurn() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
    }

    @Test
    void callsAllInOneTaskInTheirOrder() {
        await("a", 5);
        await("b", 5);
        await("c", 6);

        assertThat(called).isEmpty();
        assertThat(tasks).hasSize(1);
        endOfTurn();
        assertThat(called).containsExactly("a", "b", "c");
        await("d", 7);
        endOfTurn();
        assertThat(called).containsExactly("a", "b", "c", "d");
    }

    @Test
    void doesNotWaitForManyConnections() {
        for (int i = 0; i < 100; i++) {
            await("a" + i, 5);
            turn.ran(5);
        }

        assertThat(called).hasSize(64).startsWith("a0", "a1");
        endOfTurn();
        assertThat(called).hasSize(100).endsWith("a98", "a99");
    }

    @Test
    void doesNotWaitForCommandsThatTakeLong() {
        await("a", 5);
        turn.ran(6);
        assertThat(called).isEmpty();
        await("b", 7);
        turn.ran(7);

        assertThat(called).containsExactly("a", "b");
        endOfTurn();
        assertThat(called).containsExactly("a", "b");
    }

    @Test
    void callsNobodyWhileACommandRuns() {
        for (int i = 0; i < 1_000; i++) {
            await("a" + i, i);
        }

        assertThat(called).isEmpty();
        assertThat(tasks).hasSize(1);
        endOfTurn();
        assertThat(called).hasSize(1_000);
    }

    @Test
    void callsTheOthersWhereOneFails(LogWatcher.Expected log) {
        log.expect("replies cannot be sent");
        await("a", 5);
        turn.await(
                tasks::add,
                () -> {
                    throw new IllegalStateException("on purpose");
                },
                5);
        await("b", 5);

        endOfTurn();
        assertThat(called).containsExactly("a", "b");
    }

    @Test
    void callsWhoComesMeanwhileLater() {
        turn.await(tasks::add, () -> await("again", 5), 5);
        await("b", 5);

        tasks.remove().run();
        assertThat(called).containsExactly("b");
        endOfTurn();
        assertThat(called).containsExactly("b", "again");
    }
}
