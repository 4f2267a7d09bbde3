package io.plinth.kvcache.loader.behind;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.DataSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** A queue over a store in memory, and what its loader got, its clients were answered and it set aside. */
@Timeout(60)
abstract class BehindQueueHarness {
    static final Failure FOR_GOOD = new Failure("PUT answered 422", true);

    final MemoryStore store = new MemoryStore();
    final BlockingQueue<Handed> handed = new LinkedBlockingQueue<>();
    final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    final BlockingQueue<String> aside = new LinkedBlockingQueue<>();
    volatile boolean asideFails;
    volatile @Nullable Runnable whileSettingAside;

    @Nullable
    BehindQueue queue;

    boolean[] keep(List<SetAside.Refused> refused) throws IOException {
        if (asideFails) {
            throw new IOException("no space left");
        }
        boolean[] kept = new boolean[refused.size()];
        for (int i = 0; i < kept.length; i++) {
            aside.add(text(refused.get(i).write()) + " " + refused.get(i).reason());
            kept[i] = refused.get(i).write().value() != null;
        }
        Runnable then = whileSettingAside;
        if (then != null) {
            whileSettingAside = null;
            then.run();
        }
        return kept;
    }

    static String text(BehindWrite write) {
        byte[] value = write.value();
        return new String(write.key(), StandardCharsets.UTF_8) + "="
                + (value == null ? null : new String(value, StandardCharsets.UTF_8));
    }

    /** A write that a loader has got, and how to answer it. */
    record Handed(BehindWrite write, Consumer<@Nullable Failure> then) {
        String text() {
            return BehindQueueHarness.text(write);
        }
    }

    static BehindConfig config(int keys, BehindConfig.FullMode full, Duration patience) {
        return new BehindConfig(
                Duration.ofMillis(1),
                keys,
                new DataSize(1_000),
                full,
                patience,
                Duration.ofMillis(100),
                new DataSize(100),
                3,
                new DataSize(1_000));
    }

    BehindQueue start(BehindConfig config) throws IOException {
        BehindQueue started = new BehindQueue(store, config, this::keep, Clock.systemUTC());
        queue = started;
        started.start((write, then) -> handed.add(new Handed(write, then)), Thread::new);
        return started;
    }

    @AfterEach
    void stop() {
        if (queue != null) {
            queue.close();
        }
    }

    void accept(BehindQueue to, String key, @Nullable String value) {
        to.accept(
                List.of(new BehindWrite(
                        "l",
                        key.getBytes(StandardCharsets.UTF_8),
                        0,
                        value == null ? null : value.getBytes(StandardCharsets.UTF_8))),
                refusal -> answers.add(
                        refusal == null ? "accepted" : refusal.reason() + (refusal.unknown() ? ", unknown" : "")));
    }

    static <T> T next(BlockingQueue<T> of) throws InterruptedException {
        T next = of.poll(30, TimeUnit.SECONDS);
        assertThat(next).isNotNull();
        return next;
    }

    static void awaitEmpty(BehindQueue of) {
        while (of.size() > 0) {
            Thread.onSpinWait();
        }
    }

    /** A key is gone from the queue a moment before its record is gone from the store. */
    void awaitEmptyStore() throws InterruptedException {
        for (int i = 0; i < 3000 && store.size() > 0; i++) {
            Thread.sleep(10);
        }
        assertThat(store.size()).isZero();
    }

    void acceptedAgain(BehindQueue to, String key) throws InterruptedException {
        String answer;
        do {
            accept(to, key, "1");
            answer = next(answers);
        } while (!answer.equals("accepted"));
    }

    void answerNext(String text, @Nullable Failure failure) {
        try {
            Handed each = next(handed);
            assertThat(each.text()).isEqualTo(text);
            each.then().accept(failure);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
