package io.plinth.mqbroker.stream;

import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.mark.MessageMarks;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.queue.Subscription;
import io.plinth.mqbroker.stats.Counts;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by its shard's loop. One stream: who reads it, from where, and what was read for them. Reading settles nothing. */
final class StreamQueue {
    private static final Logger LOG = LoggerFactory.getLogger(StreamQueue.class);
    private static final int BLOCK_MESSAGES = 256;
    private static final long BLOCK_BYTES = 1 << 20;
    private static final String OFFSET_HEADER = "x-stream-offset";

    /** Who waits for a message to be written; called on the shard's loop. */
    interface Publish extends Consumer<Boolean> {}

    private static final class Reader {
        final Subscription subscription;
        final StreamFilter filter;
        final Deque<StreamMessage> buffer = new ArrayDeque<>();
        final Set<Long> unsettled = new HashSet<>();
        /** The next to be read from disk; -1 until its beginning was found. */
        long next = -1;

        boolean loading;

        Reader(Subscription subscription, StreamFilter filter) {
            this.subscription = subscription;
            this.filter = filter;
        }
    }

    private final QueueRef ref;
    private final StreamHost host;
    private final StreamWriter writer;
    private final Clock clock;
    private final StreamLog log = new StreamLog();
    private final List<Reader> readers = new ArrayList<>();
    private final Counts counts = new Counts();
    private volatile QueueArguments arguments;
    private volatile boolean failed;
    private boolean gone;

    StreamQueue(QueueRef ref, StreamHost host, StreamWriter writer, Clock clock) {
        this.ref = ref;
        this.host = host;
        this.writer = writer;
        this.clock = clock;
        this.arguments = QueueArguments.of(ref.effective());
        writer.open(this);
    }

    QueueRef ref() {
        return ref;
    }

    Counts counts() {
        return counts;
    }

    StreamLog log() {
        return log;
    }

    /** Policies changed. */
    void reconfigure() {
        arguments = QueueArguments.of(ref.effective());
    }

    private QueueArguments.@Nullable Stream settings() {
        return arguments.stream();
    }

    long segmentBytes() {
        QueueArguments.Stream settings = settings();
        return settings == null ? Long.MAX_VALUE : settings.segmentBytes();
    }

    long maxAge() {
        QueueArguments.Stream settings = settings();
        return settings == null ? -1 : settings.maxAge();
    }

    long maxBytes() {
        return arguments.maxBytes();
    }

    /** Nothing more is written; from the writer's thread. */
    void failed() {
        failed = true;
    }

    boolean hasFailed() {
        return failed;
    }

    void publish(Content content, Publish publish) {
        writer.append(this, content, publish);
    }

    /** So many were written, or failed; from the writer's thread. */
    void written(List<Publish> publishes) {
        boolean ok = !failed;
        host.later(() -> {
            counts.add(Counts.Kind.PUBLISH, ok ? publishes.size() : 0);
            publishes.forEach(publish -> publish.accept(ok));
            readers.forEach(this::pump);
        });
    }

    /** One was not written, for want of room; from the writer's thread. */
    void refused(Publish publish) {
        host.later(() -> publish.accept(false));
    }

    long messages() {
        return Math.max(0, log.committed() - log.first());
    }

    int unsettled() {
        return readers.stream().mapToInt(reader -> reader.unsettled.size()).sum();
    }

    List<Subscription> consumers() {
        return readers.stream().map(reader -> reader.subscription).toList();
    }

    void subscribe(Subscription subscription, StreamOffset from, StreamFilter filter) {
        Reader reader = new Reader(subscription, filter);
        readers.add(reader);
        // Behind the writer, so that the stream is open and what was published before is counted.
        writer.behind(
                this,
                () -> host.reader().execute(() -> {
                    long start = find(from);
                    host.later(() -> {
                        reader.next = start;
                        pump(reader);
                    });
                }));
    }

    private long find(StreamOffset from) {
        try {
            return log.find(from, clock.millis());
        } catch (IOException e) {
            LOG.error("{}: no place to begin: {}", ref, e.toString());
            return log.committed();
        }
    }

    /** Removes consumers of a channel, or the one of a tag. */
    boolean unsubscribe(ChannelHandle channel, @Nullable String tag) {
        return readers.removeIf(reader ->
                reader.subscription.channel == channel && (tag == null || reader.subscription.tag.equals(tag)));
    }

    void settle(ChannelHandle channel, long offset) {
        for (Reader reader : readers) {
            if (reader.subscription.channel == channel && reader.unsettled.remove(offset)) {
                reader.subscription.settled();
                counts.add(Counts.Kind.ACK, 1);
                pump(reader);
                return;
            }
        }
    }

    /** There is room again on a channel. */
    void resume(ChannelHandle channel) {
        for (Reader reader : readers) {
            if (reader.subscription.channel == channel) {
                pump(reader);
            }
        }
    }

    private void pump(Reader reader) {
        for (StreamMessage head = reader.buffer.peekFirst(); head != null; head = reader.buffer.peekFirst()) {
            if (!reader.subscription.tryTake(head.content().size())) {
                return;
            }
            reader.buffer.removeFirst();
            reader.unsettled.add(head.offset());
            counts.delivered(false, false);
            host.send(
                    reader.subscription.channel.outlet(),
                    new ShardEvent.Delivered(
                            reader.subscription.channel,
                            reader.subscription.tag,
                            false,
                            host.number(),
                            ref.id(),
                            head.offset(),
                            false,
                            MessageMarks.with(head.content(), OFFSET_HEADER, head.offset())));
        }
        if (reader.next >= 0 && !reader.loading && reader.next < log.committed() && !gone) {
            load(reader);
        }
    }

    private void load(Reader reader) {
        reader.loading = true;
        long from = reader.next;
        host.reader().execute(() -> {
            long end = log.committed();
            List<StreamMessage> block = read(from);
            List<StreamMessage> wanted = block.stream()
                    .filter(message -> reader.filter.accepts(message.content()))
                    .toList();
            host.later(() -> {
                reader.loading = false;
                if (!readers.contains(reader)) {
                    return;
                }
                reader.buffer.addAll(wanted);
                // Nothing readable is left up to there: damage was reported, the rest is served.
                reader.next =
                        block.isEmpty() ? Math.max(from, end) : block.getLast().offset() + 1;
                pump(reader);
            });
        });
    }

    private List<StreamMessage> read(long from) {
        try {
            return log.read(from, BLOCK_MESSAGES, BLOCK_BYTES);
        } catch (IOException e) {
            // Retention was faster than the reader: what is left begins later.
            LOG.debug("{}: read at {}: {}", ref, from, e.toString());
            try {
                return log.read(log.first(), BLOCK_MESSAGES, BLOCK_BYTES);
            } catch (IOException again) {
                LOG.error("{} cannot be read at {}: {}", ref, from, again.toString());
                return List.of();
            }
        }
    }

    /** Deletes it; consumers are told. */
    void delete(Runnable done) {
        gone = true;
        for (Reader reader : readers) {
            Subscription consumer = reader.subscription;
            host.send(consumer.channel.outlet(), new ShardEvent.Cancelled(consumer.channel, consumer.tag));
        }
        readers.clear();
        writer.delete(this, () -> host.later(() -> host.removed(ref, counts, done)));
    }
}
