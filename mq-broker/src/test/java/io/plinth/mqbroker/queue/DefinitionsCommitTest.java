package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.mqbroker.definition.Asker;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.LogDecorator;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What waits for a sync of the definitions' log is judged by, and answered in order; all that came meanwhile shares the next sync. */
@Timeout(60)
class DefinitionsCommitTest {
    private static final long SEGMENT = 1 << 20;

    @TempDir
    Path folder;

    /** Logs of which the definitions' syncs only when it is let. */
    private static final class Held implements Engine.Logs {
        private final Semaphore let = new Semaphore(0);
        private final AtomicInteger syncs = new AtomicInteger();
        private volatile boolean full;

        @Override
        public SegmentLog open(Path path) throws IOException {
            SegmentLog log = PreallocatedSegmentLog.open(path, SEGMENT);
            return path.endsWith("definitions") ? new HeldLog(log) : log;
        }

        private final class HeldLog extends LogDecorator {
            HeldLog(SegmentLog log) {
                super(log);
            }

            @Override
            public void sync() throws IOException {
                let.acquireUninterruptibly();
                syncs.incrementAndGet();
                if (full) {
                    throw noRoom();
                }
                log.sync();
            }
        }
    }

    private final Held held = new Held();

    private static DefinitionCommand.DeclareQueue queue(String name) {
        return new DefinitionCommand.DeclareQueue(name, true, false, null, FieldTable.EMPTY);
    }

    private static DefinitionCommand.Bind bind(String exchange, String queue) {
        return new DefinitionCommand.Bind(exchange, true, queue, "key", FieldTable.EMPTY, "asker");
    }

    private static DefinitionCommand.DeclareExchange exchange(String name, String type) {
        return new DefinitionCommand.DeclareExchange(
                name, type, true, false, false, new FieldTable(Map.of("x-delayed-type", "direct")));
    }

    private static CompletableFuture<Definitions.Result> submit(
            EngineDriver driver, Asker asker, DefinitionCommand command) {
        CompletableFuture<Definitions.Result> done = new CompletableFuture<>();
        driver.engine().definitions().submit("/", command, asker, done::complete);
        return done;
    }

    private static List<CompletableFuture<Definitions.Result>> submit(
            EngineDriver driver, Asker asker, List<DefinitionCommand> commands) {
        return commands.stream().map(command -> submit(driver, asker, command)).toList();
    }

    private static void done(List<CompletableFuture<Definitions.Result>> all) throws Exception {
        for (CompletableFuture<Definitions.Result> one : all) {
            assertThat(one.get(20, TimeUnit.SECONDS).error()).isNull();
        }
    }

    private EngineDriver open() throws Exception {
        return new EngineDriver(folder, held, true, 1 << 20);
    }

    @Test
    void whatComesDuringASyncSharesTheNext() throws Exception {
        try (EngineDriver driver = open()) {
            CompletableFuture<Definitions.Result> first = submit(driver, new Asker(), queue("first"));
            await(() -> held.let.hasQueuedThreads());
            List<CompletableFuture<Definitions.Result>> all = new ArrayList<>();
            for (int asker = 0; asker < 20; asker++) {
                all.addAll(submit(
                        driver,
                        new Asker(),
                        List.of(
                                exchange("x" + asker, "topic"),
                                queue("q" + asker),
                                bind("x" + asker, "q" + asker),
                                queue("q" + asker))));
            }
            // The loop goes on, and routing sees nothing of what waits.
            driver.onLoop();
            assertThat(first).isNotDone();
            assertThat(all).allMatch(one -> !one.isDone());
            assertThat(driver.topology().queueCount()).isZero();
            held.let.release(2);
            done(all);
            assertThat(held.syncs.get()).isEqualTo(2);
            assertThat(driver.topology().queueCount()).isEqualTo(21);
            held.let.release(100);
        }
    }

    @Test
    void whatWaitsIsJudgedBy() throws Exception {
        try (EngineDriver driver = open()) {
            Asker asker = new Asker();
            List<String> answered = new CopyOnWriteArrayList<>();
            List<CompletableFuture<Definitions.Result>> all = submit(
                    driver,
                    asker,
                    List.of(
                            exchange("later", "x-delayed-message"),
                            queue("q"),
                            bind("later", "q"),
                            new DefinitionCommand.Unbind("later", true, "q", "key", FieldTable.EMPTY, "asker"),
                            new DefinitionCommand.DeleteExchange("later", true),
                            exchange("later", "fanout"),
                            bind("later", "q"),
                            new DefinitionCommand.DeclareQueue("passing", false, false, null, FieldTable.EMPTY),
                            bind("later", "passing")));
            for (int i = 0; i < all.size(); i++) {
                int number = i;
                all.get(i).thenAccept(result -> answered.add("" + number));
            }
            held.let.release(100);
            done(all);
            assertThat(answered).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8");
            assertThat(driver.topology().queue("amq.delayed.later")).isNull();
            assertThat(Objects.requireNonNull(driver.topology().exchange("later"))
                            .bindings())
                    .hasSize(2);
        }
        try (EngineDriver driver = open()) {
            assertThat(Objects.requireNonNull(driver.topology().exchange("later"))
                            .bindings())
                    .hasSize(1);
            assertThat(driver.topology().queue("passing")).isNull();
        }
    }

    @Test
    void behindARefusalNothingOfTheSameAskerIsDone() throws Exception {
        try (EngineDriver driver = open()) {
            Asker asker = new Asker();
            CompletableFuture<Definitions.Result> before = submit(driver, asker, queue("before"));
            CompletableFuture<Definitions.Result> refused = submit(driver, asker, bind("nowhere", "before"));
            CompletableFuture<Definitions.Result> behind = submit(driver, asker, queue("behind"));
            CompletableFuture<Definitions.Result> other = submit(driver, new Asker(), queue("other"));
            held.let.release(100);
            done(List.of(before, other));
            assertThat(Objects.requireNonNull(refused.get(20, TimeUnit.SECONDS).error()))
                    .hasMessageContaining("no exchange 'nowhere'");
            assertThat(behind).isNotDone();
            assertThat(driver.topology().queue("behind")).isNull();
        }
    }

    @Test
    void limitsCountWhatWaits() throws Exception {
        try (EngineDriver driver = open()) {
            List<CompletableFuture<Definitions.Result>> all = new ArrayList<>();
            for (int i = 0; i <= EngineDriver.MOST_QUEUES; i++) {
                all.add(submit(driver, new Asker(), queue("q" + i)));
            }
            held.let.release(100);
            done(all.subList(0, EngineDriver.MOST_QUEUES));
            assertThat(Objects.requireNonNull(
                            all.getLast().get(20, TimeUnit.SECONDS).error()))
                    .hasMessageContaining("limits.queues");
        }
    }

    @Test
    void whatTheLogDoesNotTakeHasNotHappened(LogWatcher.Expected log) throws Exception {
        log.expect("log write failed");
        try (EngineDriver driver = open()) {
            held.full = true;
            List<CompletableFuture<Definitions.Result>> lost =
                    submit(driver, new Asker(), List.of(exchange("x", "topic"), queue("q"), bind("x", "q")));
            CompletableFuture<Definitions.Result> passing = submit(
                    driver,
                    new Asker(),
                    new DefinitionCommand.DeclareQueue("passing", false, false, null, FieldTable.EMPTY));
            held.let.release(100);
            for (CompletableFuture<Definitions.Result> one : lost) {
                assertThat(Objects.requireNonNull(one.get(20, TimeUnit.SECONDS).error()))
                        .hasMessageContaining("cannot be stored");
            }
            QueueRef kept = passing.get(20, TimeUnit.SECONDS).queue();
            assertThat(driver.topology().queue("passing")).isSameAs(kept).isNotNull();
            assertThat(driver.topology().queue("q")).isNull();
            assertThat(driver.topology().exchange("x")).isNull();
            assertThatThrownBy(() -> driver.declare("q", FieldTable.EMPTY)).hasMessageContaining("cannot be stored");
        }
    }

    @Test
    void aPolicyOfManyQueuesLeavesTheLoopToOthersMeanwhile() throws Exception {
        int many = 500;
        held.let.release(10_000);
        try (EngineDriver driver = open()) {
            List<CompletableFuture<Definitions.Result>> all = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                all.add(submit(driver, new Asker(), queue("q" + i)));
            }
            done(all);
            FieldTable policy =
                    new FieldTable(Map.of("pattern", "^q", "definition", new FieldTable(Map.of("max-length", 1))));
            CompletableFuture<Definitions.Result> set = submit(
                    driver,
                    new Asker(),
                    new DefinitionCommand.Set(new Effect.Setting(Settings.POLICY, Settings.key("/", "all"), policy)));
            List<Long> seen = new ArrayList<>();
            driver.onLoopUntil(
                    set::isDone,
                    () -> seen.add(driver.topology().queues().stream()
                            .filter(queue -> !queue.effective().isEmpty())
                            .count()));
            done(List.of(set));
            assertThat(seen).anyMatch(count -> count > 0 && count < many);
            assertThat(driver.topology().queues())
                    .allMatch(queue -> !queue.effective().isEmpty());
        }
    }

    @Test
    void whatIsJudgedAnewIsAnsweredAlthoughItsAskerIsRefusedBehindIt(LogWatcher.Expected log) throws Exception {
        log.expect("log write failed");
        try (EngineDriver driver = open()) {
            held.full = true;
            CompletableFuture<Definitions.Result> other = submit(driver, new Asker(), queue("other"));
            Asker asker = new Asker();
            DefinitionCommand passing =
                    new DefinitionCommand.DeclareQueue("passing", false, false, null, FieldTable.EMPTY);
            DefinitionCommand behind =
                    new DefinitionCommand.DeclareQueue("behind", false, false, null, FieldTable.EMPTY);
            List<CompletableFuture<Definitions.Result>> all =
                    submit(driver, asker, List.of(passing, queue("q"), behind));
            held.let.release(100);
            assertThat(other.get(20, TimeUnit.SECONDS).error()).isNotNull();
            assertThat(all.get(1).get(20, TimeUnit.SECONDS).error()).isNotNull();
            assertThat(all.get(0).get(5, TimeUnit.SECONDS).error()).isNull();
            driver.onLoop();
            assertThat(driver.topology().queue("behind")).isNull();
        }
    }

    @Test
    void aQueueThatGoesAlreadyIsDeletedOnceThatIsDurable() throws Exception {
        try (EngineDriver driver = open()) {
            CompletableFuture<Definitions.Result> declared = submit(driver, new Asker(), queue("q"));
            held.let.release(1);
            done(List.of(declared));
            CompletableFuture<Long> first = driver.settleAndDelete("q", List.of(), ShardCommand.Outcome.ACK);
            CompletableFuture<Long> second = driver.settleAndDelete("q", List.of(), ShardCommand.Outcome.ACK);
            driver.onLoop();
            driver.onLoop();
            assertThat(first).isNotDone();
            assertThat(second).isNotDone();
            held.let.release(100);
            first.get(20, TimeUnit.SECONDS);
            second.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void whatIsPublishedToAQueueThatGoesIsConfirmedOnceThatIsDurable() throws Exception {
        try (EngineDriver driver = open()) {
            CompletableFuture<Definitions.Result> declared = submit(driver, new Asker(), queue("q"));
            held.let.release(1);
            done(List.of(declared));
            CompletableFuture<Long> deleted = driver.settleAndDelete("q", List.of(), ShardCommand.Outcome.ACK);
            driver.publish("q", "behind");
            driver.onLoop();
            driver.onLoop();
            assertThat(deleted).isNotDone();
            assertThat(driver.confirmed()).isEmpty();
            held.let.release(100);
            deleted.get(20, TimeUnit.SECONDS);
            await(() -> driver.confirmed().contains("behind"));
        }
    }

    private static void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        while (!condition.getAsBoolean()) {
            TimeUnit.MILLISECONDS.sleep(1);
        }
    }
}
