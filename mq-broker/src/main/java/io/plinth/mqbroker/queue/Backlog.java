package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.flow.MemoryGauge;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its shard's loop. Which contents are in memory: new ones leave it once they are durable while memory is tight, and are read
 * back in blocks, on the reader's thread, when their turn comes.
 */
final class Backlog {
    private static final Logger LOG = LoggerFactory.getLogger(Backlog.class);
    private static final int BLOCK_MESSAGES = 256;
    private static final long BLOCK_BYTES = 1 << 20;

    private record Candidate(long sequence, Message message) {}

    private final int shard;
    private final SegmentLog log;
    private final Executor reader;
    private final Executor loop;
    private final MemoryGauge gauge;
    private final Deque<Candidate> candidates = new ArrayDeque<>();

    Backlog(int shard, SegmentLog log, Executor reader, Executor loop, MemoryGauge gauge) {
        this.shard = shard;
        this.log = log;
        this.reader = reader;
        this.loop = loop;
        this.gauge = gauge;
    }

    /**
     * A message entered with its content, in so many queues.
     *
     * @param logged whether the log keeps the content for as long as any of them has it
     */
    void entered(Message message, int queues, long sequence, boolean logged) {
        gauge.add(message.size() + (long) queues * MessageQueue.ENTRY_BYTES);
        if (logged && gauge.tight()) {
            candidates.addLast(new Candidate(sequence, message));
        }
    }

    /** A message was found at start, its content in the log. */
    void found() {
        gauge.add(MessageQueue.ENTRY_BYTES);
    }

    /** One queue has the message no more. */
    void left(Message message) {
        long bytes = MessageQueue.ENTRY_BYTES;
        if (message.release() && message.content() != null) {
            bytes += message.size();
            message.content(null);
        }
        gauge.add(-bytes);
    }

    /** Everything up to the sequence is in the log, so its content may leave memory. */
    void durable(long sequence) {
        while (!candidates.isEmpty() && candidates.peekFirst().sequence() <= sequence) {
            Message message = candidates.removeFirst().message();
            if (message.held() && message.content() != null) {
                message.content(null);
                gauge.add(-message.size());
            }
        }
    }

    /** Reads back the head of a queue, then calls {@code loaded} on the shard's loop. */
    void load(MessageQueue queue, Runnable loaded) {
        List<Message> messages = new ArrayList<>();
        for (QueueEntry entry : queue.absent(BLOCK_MESSAGES, BLOCK_BYTES)) {
            messages.add(entry.message);
        }
        queue.loading = true;
        load(messages, () -> {
            queue.loading = false;
            loaded.run();
        });
    }

    /** Reads back contents, then calls {@code loaded} on the shard's loop; what cannot be read is marked lost. */
    void load(List<Message> messages, Runnable loaded) {
        reader.execute(() -> {
            List<@Nullable Content> contents = new ArrayList<>();
            for (Message message : messages) {
                contents.add(read(message));
            }
            loop.execute(() -> {
                for (int i = 0; i < messages.size(); i++) {
                    arrived(messages.get(i), contents.get(i));
                }
                loaded.run();
            });
        });
    }

    private @Nullable Content read(Message message) {
        try {
            return ChangeCodec.content(log.read(message.position()));
        } catch (IOException e) {
            LOG.error("shard {}: a message cannot be read back and is dropped: {}", shard, e.toString());
            return null;
        }
    }

    private void arrived(Message message, @Nullable Content content) {
        if (message.content() != null || !message.held()) {
            return;
        }
        if (content == null) {
            message.lost();
        } else {
            message.content(content);
            gauge.add(message.size());
        }
    }
}
