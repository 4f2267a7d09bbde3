package io.plinth.mqbroker.queue;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.netty.util.concurrent.EventExecutor;
import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.QueueLifecycle;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.flow.MemoryGauge;
import io.plinth.mqbroker.index.CopyForward;
import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.index.RecoveredShard;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.LogWriter;
import io.plinth.mqbroker.mark.DeathRecord;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.HistogramBudget;
import io.plinth.mqbroker.stream.StreamHost;
import io.plinth.mqbroker.stream.StreamQueues;
import io.plinth.mqbroker.stream.StreamWriter;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its event loop. A fixed share of the queues: takes commands in batches, and at the end of a turn hands changes to the log's
 * writer and answers to the connections, each as one batch.
 */
public final class Shard implements LogWriter.Owner {
    private final int number;
    private final EventExecutor loop;
    private final Journal journal;
    private final Backlog backlog;
    private final Alarms alarms;
    private final Clock clock;
    private final Dispatcher dispatcher;
    private final Intake intake;
    private final QueueSurvey survey;
    private final QueueEnds ends;
    private final QueueLifecycle lifecycle;
    private final LongObjectMap<MessageQueue> queues = new LongObjectHashMap<>();
    private final StreamQueues streams;
    private final Vhosts vhosts;
    private final Map<ChannelHandle, Set<MessageQueue>> holders = new HashMap<>();
    private final List<Outbox> outboxes = new ArrayList<>();

    /**
     * What a shard works with.
     *
     * @param reader where contents are read back
     * @param window how many ready messages of a queue stay in memory
     */
    public record Parts(
            int number,
            EventExecutor loop,
            io.plinth.mqbroker.log.ChangeStream stream,
            io.plinth.mqbroker.log.SegmentLog log,
            Executor reader,
            QueuePages pages,
            MemoryGauge gauge,
            int window,
            HistogramBudget histograms,
            Alarms alarms,
            Clock clock,
            java.util.function.LongSupplier nanoTime,
            io.plinth.mqbroker.exchange.Vhosts vhosts,
            Shards shards,
            StreamWriter streams,
            QueueLifecycle lifecycle) {}

    public Shard(Parts parts) {
        this.number = parts.number();
        this.loop = parts.loop();
        this.alarms = parts.alarms();
        this.clock = parts.clock();
        this.lifecycle = parts.lifecycle();
        this.journal = new Journal(parts.stream(), parts.nanoTime(), parts.histograms());
        this.backlog = new Backlog(new Backlog.Parts(
                number, parts.log(), parts.pages(), parts.reader(), this.loop, parts.gauge(), parts.window()));
        this.vhosts = parts.vhosts();
        this.streams = new StreamQueues(new Host(parts.reader()), parts.streams(), clock);
        this.dispatcher = new Dispatcher(this, journal, backlog, clock, parts.vhosts(), parts.shards());
        this.ends = new QueueEnds(this, journal, backlog, parts);
        this.intake = new Intake(this, journal, backlog, clock, dispatcher, ends);
        this.survey = new QueueSurvey(journal, backlog, dispatcher.deadLetters(), streams, clock);
    }

    public int number() {
        return number;
    }

    /** Puts back what recovery found; before anything is served, on the starting thread. */
    public void restore(QueueRef ref, RecoveredShard recovered) {
        if (streams.create(ref)) {
            return;
        }
        MessageQueue queue = new MessageQueue(ref, QueueArguments.of(ref.effective()), clock.millis());
        queue.restore(recovered, clock.millis());
        backlog.durable(recovered.sequence());
        queues.put(ref.id(), queue);
        loop.execute(() -> turn(() -> dispatcher.touch(queue)));
    }

    /** Hands over a batch; runs at once when called on the shard's loop. */
    public void submit(List<ShardCommand> commands) {
        if (loop.inEventLoop()) {
            run(commands);
        } else {
            loop.execute(() -> run(commands));
        }
    }

    /** Hands over a batch that never runs before this returns. */
    public void submitLater(List<? extends ShardCommand> commands) {
        loop.execute(() -> run(commands));
    }

    /** Runs work as a turn of its own, later. */
    void later(Runnable work) {
        loop.execute(() -> turn(work));
    }

    EventExecutor loop() {
        return loop;
    }

    private void run(List<? extends ShardCommand> commands) {
        turn(() -> commands.forEach(this::handle));
    }

    /** Does the work, then hands out everything that came of it. */
    void turn(Runnable work) {
        assert loop.inEventLoop();
        journal.turn();
        work.run();
        dispatcher.drain();
        journal.flush();
        // An outlet takes its batch on its own loop later, so nothing can come back into this turn.
        outboxes.forEach(Outbox::flush);
        outboxes.clear();
    }

    Outbox outbox(Outlet outlet) {
        Outbox outbox = outlet.outbox(number);
        if (outbox.list()) {
            outboxes.add(outbox);
        }
        return outbox;
    }

    void reply(ChannelHandle channel, Runnable reply) {
        outbox(channel.outlet()).add(new ShardEvent.Replied(reply));
    }

    private void handle(ShardCommand command) {
        if (streams.handle(command)) {
            return;
        }
        switch (command) {
            case ShardCommand.Create c -> create(c.queue());
            case ShardCommand.Publish c -> {
                ShardCommand.Publish rest = streams.publish(c);
                if (rest != null) {
                    intake.publish(rest, queues);
                }
            }
            case ShardCommand.Settle c -> settle(c);
            case ShardCommand.Subscribe c -> subscribe(c);
            case ShardCommand.Unsubscribe c -> unsubscribe(c);
            case ShardCommand.Get c -> get(c);
            case ShardCommand.Purge c -> purge(c);
            case ShardCommand.Delete c -> delete(c);
            case ShardCommand.Discard c -> discard(c);
            case ShardCommand.Ask c -> ask(c);
            case ShardCommand.Reconfigure c -> reconfigure(c.queueId());
            case ShardCommand.Survey c -> survey.of(queues.values(), c.reply());
            case ShardCommand.Resume c ->
                holders.getOrDefault(c.channel(), Set.of()).forEach(dispatcher::touch);
            case ShardCommand.Release c -> release(c.channel());
        }
    }

    private void create(QueueRef ref) {
        if (!streams.create(ref)) {
            queues.put(ref.id(), new MessageQueue(ref, QueueArguments.of(ref.effective()), clock.millis()));
        }
    }

    private void settle(ShardCommand.Settle command) {
        MessageQueue queue = queues.get(command.queueId());
        QueueEntry entry = queue == null ? null : queue.takeBack(command.id(), command.channel());
        if (queue == null || entry == null) {
            return;
        }
        switch (command.outcome()) {
            case ACK -> {
                queue.stats().counts().add(Counts.Kind.ACK, 1);
                dispatcher.remove(queue, entry);
            }
            case REQUEUE -> dispatcher.comeBack(queue, entry);
            case REJECT -> dispatcher.giveUp(queue, entry, DeathRecord.Reason.REJECTED);
        }
        dispatcher.touch(queue);
    }

    private void subscribe(ShardCommand.Subscribe command) {
        MessageQueue queue = queues.get(command.queueId());
        ShardCommand.@Nullable Refusal refusal = null;
        if (queue == null) {
            refusal = ShardCommand.Refusal.GONE;
        } else if (command.exclusive() && queue.arguments().singleActive()) {
            refusal = ShardCommand.Refusal.IN_EXCLUSIVE_USE;
        } else if (queue.consumers().exclusive()
                || (command.exclusive() && !queue.consumers().isEmpty())) {
            refusal = ShardCommand.Refusal.IN_EXCLUSIVE_USE;
        } else {
            if (queue.consumers().isEmpty()) {
                queue.stats().capacity().began(journal.turnStarted());
            }
            queue.consumers()
                    .subscribe(new Subscription(
                            command.channel(),
                            command.consumerTag(),
                            command.noAck(),
                            command.exclusive(),
                            command.prefetch(),
                            command.priority(),
                            command.arguments()));
            hold(command.channel(), queue);
            dispatcher.touch(queue);
        }
        ShardCommand.Refusal answer = refusal;
        reply(command.channel(), () -> command.reply().accept(answer));
    }

    private void hold(ChannelHandle channel, MessageQueue queue) {
        holders.computeIfAbsent(channel, ignored -> new LinkedHashSet<>()).add(queue);
    }

    private void unsubscribe(ShardCommand.Unsubscribe command) {
        MessageQueue queue = queues.get(command.queueId());
        if (queue != null && queue.consumers().unsubscribe(command.channel(), command.consumerTag())) {
            consumerLeft(queue);
        }
        reply(command.channel(), command.reply());
    }

    private void consumerLeft(MessageQueue queue) {
        queue.lastUsed = clock.millis();
        if (queue.consumers().isEmpty() && queue.ref().autoDelete()) {
            remove(queue, () -> {});
        } else {
            dispatcher.touch(queue);
        }
    }

    private void get(ShardCommand.Get command) {
        MessageQueue queue = queues.get(command.queueId());
        if (queue == null) {
            reply(command.channel(), () -> command.reply().accept(null));
            return;
        }
        queue.lastUsed = clock.millis();
        if (!command.noAck()) {
            hold(command.channel(), queue);
        }
        queue.waitingGets().addLast(command);
        dispatcher.touch(queue);
    }

    private void purge(ShardCommand.Purge command) {
        MessageQueue queue = queues.get(command.queueId());
        if (queue == null) {
            reply(command.channel(), () -> command.reply().accept(0));
            return;
        }
        dispatcher.drain(queue);
        long count = queue.ready().count();
        queue.purging.add(() -> reply(command.channel(), () -> command.reply().accept(count)));
        dispatcher.purge(queue, queue.ready().drain(entry -> dispatcher.remove(queue, entry)));
    }

    private void delete(ShardCommand.Delete command) {
        MessageQueue queue = queues.get(command.queueId());
        if (queue != null) {
            dispatcher.drain(queue);
        }
        if (queue == null) {
            // It goes already: for another client, by itself or with its virtual host. That may not be durable yet.
            Runnable gone = () -> command.reply().accept(0);
            lifecycle.removed(command.queue(), () -> later(() -> reply(command.channel(), gone)));
        } else if (command.ifUnused() && !queue.consumers().isEmpty()) {
            reply(command.channel(), () -> command.refused().accept(ShardCommand.Refusal.IN_USE));
        } else if (command.ifEmpty() && queue.ready().count() > 0) {
            reply(command.channel(), () -> command.refused().accept(ShardCommand.Refusal.NOT_EMPTY));
        } else {
            long count = queue.ready().count();
            Runnable answer = () -> command.reply().accept(count);
            remove(queue, () -> later(() -> reply(command.channel(), answer)));
        }
    }

    private void discard(ShardCommand.Discard command) {
        MessageQueue queue = queues.get(command.queueId());
        if (queue == null) {
            command.done().run();
        } else {
            remove(queue, command.done());
        }
    }

    /** Removes a queue whatever it holds; its consumers are told. */
    void remove(MessageQueue queue, Runnable done) {
        queues.remove(queue.id());
        holders.values().forEach(held -> held.remove(queue));
        dispatcher.forget(queue);
        ends.end(queue, done);
    }

    private void reconfigure(long queueId) {
        MessageQueue queue = queues.get(queueId);
        if (queue != null) {
            queue.arguments(QueueArguments.of(queue.ref().effective()));
            dispatcher.touch(queue);
        }
    }

    private void ask(ShardCommand.Ask command) {
        MessageQueue queue = queues.get(command.queueId());
        if (queue != null) {
            queue.lastUsed = clock.millis();
            dispatcher.drain(queue);
        }
        ShardCommand.Status status = queue == null ? null : queue.status();
        reply(command.channel(), () -> command.reply().accept(status));
    }

    private void release(ChannelHandle channel) {
        Set<MessageQueue> held = holders.remove(channel);
        if (held == null) {
            return;
        }
        for (MessageQueue queue : List.copyOf(held)) {
            queue.waitingGets().removeIf(get -> get.channel() == channel);
            for (QueueEntry entry : queue.heldBy(channel)) {
                queue.takeBack(entry.id, channel);
                dispatcher.comeBack(queue, entry);
            }
            if (queue.consumers().unsubscribe(channel, null)) {
                consumerLeft(queue);
            } else {
                dispatcher.touch(queue);
            }
        }
    }

    /** Records stand elsewhere now; {@code then} runs on the reader's thread, behind every read of the old places. */
    void moved(List<CopyForward.Move> moves, Executor reader, Runnable then) {
        Map<Long, Map<Long, Long>> byQueue = new HashMap<>();
        for (CopyForward.Move move : moves) {
            byQueue.computeIfAbsent(move.queueId(), ignored -> new HashMap<>()).put(move.id(), move.to());
        }
        backlog.moved(moves);
        byQueue.forEach((queueId, places) -> {
            MessageQueue queue = queues.get(queueId);
            if (queue != null) {
                queue.moved(places);
            }
        });
        reader.execute(then);
    }

    /** What happened up to the sequence is in the index. */
    void indexed(long sequence) {
        backlog.indexed(sequence);
    }

    /** Whether what should store the messages of a queue takes nothing for now. */
    boolean refuses(QueueRef target) {
        return target.stream() ? streams.refuse(target) : alarms.logFailed(target.shard());
    }

    /** Whether it is a stream that takes nothing, and will not by itself. */
    boolean failedStream(QueueRef target) {
        return target.stream() && alarms.streamFailed(target.id());
    }

    boolean exists(MessageQueue queue) {
        return queues.get(queue.id()) == queue;
    }

    @Override
    public void durable(long sequence) {
        turn(() -> {
            journal.durable(sequence, this);
            backlog.durable(sequence);
        });
    }

    /** Publishers are blocked; those whose messages wait for room wait with them, as RabbitMQ's do under an alarm. */
    @Override
    public void full(IOException cause) {
        alarms.log(number, true);
        turn(journal::full);
    }

    @Override
    public void failed(IOException cause) {
        alarms.log(number, true);
        turn(() -> journal.fail(this));
    }

    @Override
    public void recovered() {
        // First: who waits for the alarm to end finds the log open.
        turn(journal::recovered);
        alarms.log(number, false);
    }

    @Override
    public void notKept(Effect.Returned returned) {
        MessageQueue queue = queues.get(returned.queueId());
        if (queue != null) {
            queue.ready().notKept(returned.id(), returned.availableAt());
        }
    }

    /** Messages came and went in memory: what the log says of them must come behind. */
    @Override
    public boolean standsByRefused() {
        return true;
    }

    /** The shard as its streams know it. */
    private final class Host implements StreamHost {
        private final Executor reader;

        Host(Executor reader) {
            this.reader = reader;
        }

        @Override
        public int number() {
            return number;
        }

        @Override
        public void send(Outlet outlet, ShardEvent event) {
            outbox(outlet).add(event);
        }

        @Override
        public void later(Runnable work) {
            Shard.this.later(work);
        }

        @Override
        public void complete(Receipt receipt, boolean ok, List<QueueRef> unstored) {
            if (unstored.isEmpty()) {
                receipt.complete(Shard.this, ok);
            } else {
                receipt.unstored(Shard.this, unstored);
            }
        }

        @Override
        public void removed(QueueRef queue, Counts counts, Runnable done) {
            vhosts.departed(queue.vhost(), counts, Counts.OF_QUEUES);
            lifecycle.removed(queue, done);
        }

        @Override
        public Executor reader() {
            return reader;
        }
    }
}
