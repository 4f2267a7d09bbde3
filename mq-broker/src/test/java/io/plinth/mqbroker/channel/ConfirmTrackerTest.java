package io.plinth.mqbroker.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ConfirmTrackerTest implements ConfirmTracker.Answers {
    private final ConfirmTracker tracker = new ConfirmTracker();
    private final List<String> answers = new ArrayList<>();

    @Override
    public void ack(long tag, boolean multiple, long count) {
        answers.add("ack " + tag + (multiple ? "+" : ""));
    }

    @Override
    public void nack(long tag) {
        answers.add("nack " + tag);
    }

    @Test
    void whatIsDoneFromTheStartIsOneAnswer() {
        for (int i = 0; i < 5; i++) {
            tracker.published(1);
        }
        for (long tag = 1; tag <= 4; tag++) {
            tracker.completed(tag, true);
        }
        tracker.answer(this);
        assertThat(answers).containsExactly("ack 4+");
    }

    @Test
    void whatIsDoneAheadIsAnsweredOnItsOwnAndOnce() {
        tracker.published(1);
        tracker.published(1);
        tracker.published(2);
        tracker.completed(2, true);
        tracker.completed(3, true);
        tracker.answer(this);
        tracker.completed(1, true);
        tracker.answer(this);
        tracker.completed(3, true);
        tracker.answer(this);
        assertThat(answers).containsExactly("ack 2", "ack 1", "ack 3");
    }

    @Test
    void aTagRefusedAheadIsNotAmongTheConfirmed() {
        for (int i = 0; i < 5; i++) {
            tracker.published(1);
        }
        tracker.completed(3, false);
        tracker.answer(this);
        for (long tag : new long[] {1, 2, 4, 5}) {
            tracker.completed(tag, true);
        }
        tracker.answer(this);
        assertThat(answers).containsExactly("nack 3", "ack 2+", "ack 5+");
    }

    @Test
    void aRunEndsAtItsLastTagThatHasNoAnswerYet() {
        tracker.published(1);
        tracker.published(1);
        tracker.completed(2, false);
        tracker.answer(this);
        tracker.completed(1, true);
        tracker.answer(this);
        assertThat(answers).containsExactly("nack 2", "ack 1");
    }

    @Test
    void aFailureIsANackBetweenAcks() {
        for (int i = 0; i < 3; i++) {
            tracker.published(1);
        }
        tracker.completed(1, true);
        tracker.completed(2, false);
        tracker.completed(3, true);
        tracker.answer(this);
        assertThat(answers).containsExactly("ack 1", "nack 2", "ack 3");
    }

    @Test
    void everyTagIsAnsweredWhateverTheOrder() {
        SplittableRandom random = new SplittableRandom(3);
        Map<Long, Integer> left = new HashMap<>();
        Map<Long, Boolean> answered = new HashMap<>();
        ConfirmTracker.Answers marking = new ConfirmTracker.Answers() {
            @Override
            public void ack(long tag, boolean multiple, long count) {
                answered.put(tag, true);
                if (multiple) {
                    for (long below = tag - 1; below > 0 && answered.putIfAbsent(below, true) == null; below--) {}
                }
            }

            @Override
            public void nack(long tag) {
                answered.put(tag, false);
            }
        };
        for (int step = 0; step < 20_000; step++) {
            if (random.nextInt(3) > 0 || left.isEmpty()) {
                int shards = random.nextInt(4);
                long tag = tracker.published(shards);
                if (shards > 0) {
                    left.put(tag, shards);
                }
            } else {
                long tag = left.keySet().iterator().next();
                tracker.completed(tag, true);
                left.compute(tag, (key, n) -> n == null || n == 1 ? null : n - 1);
            }
            if (random.nextInt(10) == 0) {
                tracker.answer(marking);
            }
        }
        left.forEach((tag, n) -> {
            for (int i = 0; i < n; i++) {
                tracker.completed(tag, true);
            }
        });
        tracker.answer(marking);
        assertThat(tracker.unconfirmed()).isZero();
    }
}
