package io.plinth.kit.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The nice values of this process's threads, as Linux has them. */
@EnabledOnOs(OS.LINUX)
class NiceValueTest {
    @Test
    void threadsOfANameComeBehindTheOthers() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(2);
        Runnable waits = () -> {
            begun.countDown();
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        Thread behind = Thread.ofPlatform().name("behind").start(waits);
        Thread before = Thread.ofPlatform().name("before").start(waits);
        begun.await();
        try {
            int others = NiceValue.of("before"::equals).getFirst();
            NiceValue.raise("behind"::equals, 3);
            assertThat(NiceValue.of("behind"::equals)).containsExactly(Math.min(19, others + 3));
            assertThat(NiceValue.of("before"::equals)).containsExactly(others);
        } finally {
            over.countDown();
            behind.join();
            before.join();
        }
    }

    @Test
    void threadsAreMadeThatComeBehindWhoMakesThem() throws Exception {
        CompletableFuture<List<Integer>> found = new CompletableFuture<>();
        Thread thread = NiceValue.behind(task -> new Thread(task, "made-behind"), 4)
                .newThread(() -> found.complete(NiceValue.of("made-behind"::equals)));
        CountDownLatch over = new CountDownLatch(1);
        Thread before = Thread.ofPlatform().name("made-before").start(() -> {
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        thread.start();
        thread.join();
        int others = NiceValue.of("made-before"::equals).getFirst();
        over.countDown();
        before.join();
        assertThat(found.get()).containsExactly(Math.min(19, others + 4));
    }

    @Test
    void theJdkHasCompilersOfTheNamesThatAreRaised() throws Exception {
        assertThat(NiceValue.of(NiceValue::compiles)).isNotEmpty();
    }
}
