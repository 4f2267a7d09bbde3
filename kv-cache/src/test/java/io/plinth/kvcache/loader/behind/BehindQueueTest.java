package io.plinth.kvcache.loader.behind;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LogWatcher;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BehindQueueTest extends BehindQueueHarness {
    @Test
    void whatFailsIsTriedAgainAndOutlivesTheProcess() throws Exception {
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "a", "1");
        accept(to, "b", "2");
        for (int i = 0; i < 6; i++) {
            next(handed).then().accept(new Failure("down", false));
        }
        assertThat(to.counts().failures()).isEqualTo(6);
        assertThat(to.size()).isEqualTo(2);
        to.close();
        handed.clear();
        BehindQueue again = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        List<String> seen = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Handed each = next(handed);
            seen.add(each.text());
            each.then().accept(null);
        }
        assertThat(seen).containsExactlyInAnyOrder("a=1", "b=2");
        awaitEmpty(again);
        awaitEmptyStore();
    }

    @Test
    void aFullQueueRefuses() throws Exception {
        BehindQueue to = start(config(2, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "a", "1");
        accept(to, "b", "1");
        accept(to, "c", "1");
        assertThat(List.of(next(answers), next(answers), next(answers)))
                .containsExactlyInAnyOrder("accepted", "accepted", "the queue of writes is full");
        accept(to, "a", "x".repeat(2_000));
        assertThat(next(answers)).isEqualTo("the queue of writes is full");
        accept(to, "a", "2");
        assertThat(next(answers)).isEqualTo("accepted");
        assertThat(to.counts().refused()).isEqualTo(2);
    }

    @Test
    void aFullQueueSlowsWritesDownForAWhile() throws Exception {
        BehindQueue to = start(config(1, BehindConfig.FullMode.SLOW, Duration.ofSeconds(30)));
        accept(to, "a", "1");
        assertThat(next(answers)).isEqualTo("accepted");
        accept(to, "b", "2");
        next(handed).then().accept(null);
        assertThat(next(answers)).isEqualTo("accepted");
        assertThat(next(handed).text()).isEqualTo("b=2");
        to.close();
        BehindQueue hasty = start(config(1, BehindConfig.FullMode.SLOW, Duration.ofMillis(10)));
        accept(hasty, "c", "3");
        assertThat(next(answers)).isEqualTo("the queue of writes is full");
    }

    @Test
    void aDiskThatFailsAcceptsNothing(LogWatcher.Expected log) throws Exception {
        log.expect("can no longer be accepted");
        BehindQueue to = start(config(10, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        store.breaks = true;
        accept(to, "a", "1");
        assertThat(next(answers)).isEqualTo("broken, unknown");
        accept(to, "b", "1");
        assertThat(next(answers)).isEqualTo("broken");
    }

    @Test
    void aFullDiskAcceptsNothingUntilThereIsRoomAgain(LogWatcher.Expected log) throws Exception {
        log.expect("until there is room");
        log.expect("there is room again");
        BehindQueue to = start(config(10, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "old", "1");
        assertThat(next(answers)).isEqualTo("accepted");
        Handed old = next(handed);
        accept(to, "handed", "1");
        assertThat(next(answers)).isEqualTo("accepted");
        Handed over = next(handed);
        store.full = true;
        accept(to, "old", "2");
        assertThat(next(answers)).isEqualTo("no space left, unknown");
        accept(to, "refused", "1");
        assertThat(next(answers)).isEqualTo("no space left");
        over.then().accept(null);
        old.then().accept(null);
        store.full = false;
        acceptedAgain(to, "new");
        assertThat(next(handed).text()).isEqualTo("new=1");
        assertThat(to.pending("l", "old".getBytes(StandardCharsets.UTF_8))).isNull();
        assertThat(to.pending("l", "refused".getBytes(StandardCharsets.UTF_8))).isNull();
        while (to.size() > 1) {
            Thread.onSpinWait();
        }
        while (store.size() > 1) {
            Thread.onSpinWait();
        }
        assertThat(handed).isEmpty();
    }

    @Test
    void whatTheFullDiskHasNeverthelessIsHandedOn(LogWatcher.Expected log) throws Exception {
        log.expect("until there is room");
        log.expect("there is room again");
        BehindQueue to = start(config(10, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "old", "1");
        assertThat(next(answers)).isEqualTo("accepted");
        Handed old = next(handed);
        store.landing = true;
        store.full = true;
        accept(to, "old", "2");
        assertThat(next(answers)).isEqualTo("no space left, unknown");
        old.then().accept(null);
        store.full = false;
        acceptedAgain(to, "new");
        assertThat(List.of(next(handed).text(), next(handed).text())).containsExactlyInAnyOrder("old=2", "new=1");
    }

    @Test
    void whatIsSetAsideDoesNotTakeANewerValueOutOfTheCache(LogWatcher.Expected log) throws Exception {
        log.expect("refuses an accepted write for good");
        log.expect("does not take a write");
        BlockingQueue<String> refused = new LinkedBlockingQueue<>();
        BehindQueue to = new BehindQueue(
                store, config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)), this::keep, Clock.systemUTC());
        queue = to;
        to.start(
                new Hands() {
                    @Override
                    public boolean on(BehindWrite write, Consumer<@Nullable Failure> then) {
                        return handed.add(new Handed(write, then));
                    }

                    @Override
                    public void refused(BehindWrite write) {
                        refused.add(text(write));
                    }
                },
                Thread::new);
        accept(to, "k", "2");
        for (int i = 0; i < 2; i++) {
            next(handed).then().accept(FOR_GOOD);
        }
        Handed last = next(handed);
        // The newer one is given in and not yet stored when the older one is set aside.
        whileSettingAside = () -> accept(to, "k", "3");
        last.then().accept(FOR_GOOD);
        assertThat(next(aside)).isEqualTo("k=2 PUT answered 422");
        Handed newer = next(handed);
        assertThat(newer.text()).isEqualTo("k=3");
        newer.then().accept(null);
        awaitEmpty(to);
        accept(to, "other", "1");
        for (int i = 0; i < 3; i++) {
            next(handed).then().accept(FOR_GOOD);
        }
        assertThat(next(refused)).isEqualTo("other=1");
    }

    @Test
    void anErrorAnswersWhoWaitsAndAcceptsNothingMore(LogWatcher.Expected log) throws Exception {
        log.expect("can no longer be accepted");
        BehindQueue to = start(config(10, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        to.accept(List.of(new BehindWrite("l", new byte[] {'x'}, 0, null)), refusal -> {
            throw new IllegalStateException("its loop is gone");
        });
        accept(to, "a", "1");
        assertThat(next(answers)).isEqualTo("accepted");
        store.error = new LinkageError("broken");
        accept(to, "b", "1");
        assertThat(next(answers)).isEqualTo("java.lang.LinkageError: broken, unknown");
        accept(to, "c", "1");
        assertThat(next(answers)).isEqualTo("java.lang.LinkageError: broken");
    }

    @Test
    void aLoaderGetsSoManyAtATimeAndOthersMeanwhileTheirs() throws Exception {
        BehindQueue to = new BehindQueue(
                store, config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)), this::keep, Clock.systemUTC());
        queue = to;
        to.start(
                new Hands() {
                    @Override
                    public boolean on(BehindWrite write, Consumer<@Nullable Failure> then) {
                        return handed.add(new Handed(write, then));
                    }

                    @Override
                    public int most(String loader) {
                        return 2;
                    }
                },
                Thread::new);
        for (int i = 0; i < 10; i++) {
            accept(to, "k" + i, "v");
            assertThat(next(answers)).isEqualTo("accepted");
        }
        Handed first = next(handed);
        Handed second = next(handed);
        to.accept(List.of(new BehindWrite("other", new byte[] {'o'}, 0, null)), refusal -> {});
        Handed third = next(handed);
        assertThat(third.write().loader()).isEqualTo("other");
        assertThat(handed).isEmpty();
        first.then().accept(new Failure("refused", false));
        second.then().accept(null);
        third.then().accept(null);
        for (int i = 0; i < 9; i++) {
            next(handed).then().accept(null);
        }
        awaitEmpty(to);
    }

    @Test
    void anErrorWhileHandingOnIsNotTheEndOfIt(LogWatcher.Expected log) throws Exception {
        log.expect("cannot be handed on");
        BehindQueue to = new BehindQueue(
                store, config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)), this::keep, Clock.systemUTC());
        queue = to;
        AtomicBoolean failed = new AtomicBoolean();
        to.start(
                (write, then) -> {
                    if (failed.compareAndSet(false, true)) {
                        throw new LinkageError("broken");
                    }
                    return handed.add(new Handed(write, then));
                },
                Thread::new);
        accept(to, "a", "1");
        next(handed).then().accept(null);
        awaitEmpty(to);
        assertThat(failed).isTrue();
    }

    @Test
    void whatIsRefusedForGoodSoOftenIsSetAside(LogWatcher.Expected log) throws Exception {
        log.expect("refuses an accepted write for good");
        log.expect("does not take a write");
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "a", "1");
        for (Failure each : List.of(FOR_GOOD, FOR_GOOD, new Failure("down", false), FOR_GOOD, FOR_GOOD)) {
            next(handed).then().accept(each);
        }
        Handed last = next(handed);
        assertThat(aside).isEmpty();
        last.then().accept(FOR_GOOD);
        assertThat(next(aside)).isEqualTo("a=1 PUT answered 422");
        awaitEmpty(to);
        assertThat(to.counts().setAside()).isEqualTo(1);
        accept(to, "b", null);
        for (int i = 0; i < 3; i++) {
            next(handed).then().accept(FOR_GOOD);
        }
        assertThat(next(aside)).isEqualTo("b=null PUT answered 422");
        awaitEmpty(to);
        assertThat(to.counts().dropped()).isEqualTo(1);
        awaitEmptyStore();
    }

    @Test
    void whatCannotBeSetAsideStaysAndALaterWriteCountsAnew(LogWatcher.Expected log) throws Exception {
        log.expect("cannot be set aside");
        log.expect("does not take a write");
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        asideFails = true;
        accept(to, "a", "1");
        for (int i = 0; i < 3; i++) {
            next(handed).then().accept(FOR_GOOD);
        }
        Handed again = next(handed);
        assertThat(to.size()).isEqualTo(1);
        asideFails = false;
        accept(to, "a", "2");
        again.then().accept(null);
        Handed second = next(handed);
        assertThat(second.text()).isEqualTo("a=2");
        second.then().accept(null);
        awaitEmpty(to);
        assertThat(aside).isEmpty();
    }

    @Test
    void aLoaderGetsSoManyBytesAtATime() throws Exception {
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        for (String key : List.of("a", "b", "c")) {
            accept(to, key, "x".repeat(60));
            assertThat(next(answers)).isEqualTo("accepted");
        }
        accept(to, "d", "x".repeat(300));
        assertThat(next(answers)).isEqualTo("accepted");
        // Of two at a time the second would be over the bound, whatever the order.
        for (int i = 0; i < 4; i++) {
            Handed one = next(handed);
            assertThat(handed).isEmpty();
            one.then().accept(null);
        }
        awaitEmpty(to);
    }

    @Test
    void whatIsSetAsideIsALineOfJsonWhileThereIsRoom(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("refused.jsonl");
        RefusedWrites writes = new RefusedWrites(file, 300);
        assertThat(writes.keep(List.of(
                        new SetAside.Refused(
                                new BehindWrite("web", new byte[] {'k'}, 0, new byte[] {1, 2}), 1_000, "PUT \"422\""),
                        new SetAside.Refused(new BehindWrite("web", new byte[] {'m'}, 0, new byte[200]), 1_000, "no"),
                        new SetAside.Refused(new BehindWrite("web", new byte[] {'l'}, 0, null), 1_000, "no"))))
                .containsExactly(true, false, true);
        assertThat(Files.readAllLines(file))
                .containsExactly(
                        "{\"accepted\":\"1970-01-01T00:00:01Z\",\"loader\":\"web\",\"name\":\"k\",\"key\":\"aw==\","
                                + "\"value\":\"AQI=\",\"reason\":\"PUT \\\"422\\\"\"}",
                        "{\"accepted\":\"1970-01-01T00:00:01Z\",\"loader\":\"web\",\"name\":\"l\",\"key\":\"bA==\","
                                + "\"value\":null,\"reason\":\"no\"}");
    }
}
