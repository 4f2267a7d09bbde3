package io.plinth.kvcache.loader.behind;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LogWatcher;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Of a key one write at a time is under way, and the last that was accepted is the last that is handed on. */
class BehindQueueOrderTest extends BehindQueueHarness {
    @Test
    void whatComesWhileAKeyIsUnderWayIsHandedOnNextAndOnlyTheLast() throws Exception {
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "k", "1");
        assertThat(next(answers)).isEqualTo("accepted");
        Handed first = next(handed);
        assertThat(first.text()).isEqualTo("k=1");
        for (String value : List.of("2", "3", "4")) {
            accept(to, "k", value);
            assertThat(next(answers)).isEqualTo("accepted");
        }
        assertThat(handed).isEmpty();
        assertThat(to.size()).isEqualTo(1);
        first.then().accept(null);
        Handed second = next(handed);
        assertThat(second.text()).isEqualTo("k=4");
        accept(to, "k", null);
        assertThat(next(answers)).isEqualTo("accepted");
        BehindQueue.Pending pending = to.pending("l", new byte[] {'k'});
        assertThat(pending).isNotNull();
        assertThat(pending.value()).isNull();
        second.then().accept(null);
        Handed third = next(handed);
        assertThat(third.text()).isEqualTo("k=null");
        third.then().accept(null);
        awaitEmpty(to);
        awaitEmptyStore();
        assertThat(to.counts().coalesced()).isEqualTo(4);
        assertThat(to.bytes()).isZero();
    }

    /** One that is handed on twice at a time may have its next one overtaken. */
    private void expectHandedOnOnce(BehindQueue to, String key) throws InterruptedException {
        awaitEmpty(to);
        awaitEmptyStore();
        answers.clear();
        accept(to, key, "next");
        assertThat(next(answers)).isEqualTo("accepted");
        Handed only = next(handed);
        assertThat(only.text()).isEqualTo(key + "=next");
        assertThat(handed.poll(300, TimeUnit.MILLISECONDS)).isNull();
        only.then().accept(null);
        awaitEmpty(to);
        awaitEmptyStore();
        assertThat(to.bytes()).isZero();
    }

    @Test
    void whatIsHandedOnBeforeItsSyncEndsIsHandedOnOnce(LogWatcher.Expected log) throws Exception {
        log.expect("does not take a write");
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "k", "1");
        Handed first = next(handed);
        store.syncing = () -> answerNext("k=2", null);
        first.then().accept(new Failure("down", false));
        accept(to, "k", "2");
        expectHandedOnOnce(to, "k");
    }

    @Test
    void aKeyWhoseNextWriteIsOverFirstIsHandedOnOnce(LogWatcher.Expected log) throws Exception {
        log.expect("refuses an accepted write for good");
        log.expect("does not take a write");
        BehindQueue to = start(config(100, BehindConfig.FullMode.REFUSE, Duration.ofSeconds(1)));
        accept(to, "other", "1");
        answerNext("other=1", FOR_GOOD);
        answerNext("other=1", FOR_GOOD);
        Handed other = next(handed);
        accept(to, "k", "1");
        Handed first = next(handed);
        whileSettingAside = () -> answerNext("k=2", null);
        // Both are over while the store takes the key's next.
        store.syncing = () -> {
            first.then().accept(null);
            other.then().accept(FOR_GOOD);
        };
        accept(to, "k", "2");
        expectHandedOnOnce(to, "k");
    }
}
