package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.flow.MemoryGauge;
import io.plinth.mqbroker.index.CopyForward;
import io.plinth.mqbroker.index.QueuePages;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.SegmentLog;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.queue.ready.ReadyMessages;
import io.plinth.mqbroker.queue.ready.Unread;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its shard's loop. What is in memory: contents leave it once they are durable while memory is tight or their queue long, entries
 * of such a queue once the index has them. Both are read back in blocks, on the reader's thread, when their turn comes.
 */
final class Backlog {
    private static final Logger LOG = LoggerFactory.getLogger(Backlog.class);
    private static final int BLOCK_MESSAGES = 256;
    private static final long BLOCK_BYTES = 1 << 20;
    private static final int PAGE = 1024;
    private static final int FEW = 256;

    /**
     * What it works with.
     *
     * @param reader where the log and the index are read
     * @param window how many ready messages of a queue stay in memory
     */
    record Parts(
            int shard,
            SegmentLog log,
            QueuePages pages,
            Executor reader,
            Executor loop,
            MemoryGauge gauge,
            int window) {}

    private record Candidate(long sequence, Message message) {}

    private record Key(long queueId, long id) {}

    private final Parts parts;
    private final MemoryGauge gauge;
    private final Deque<Candidate> candidates = new ArrayDeque<>();
    /** Queues with messages that leave memory once the index has them. */
    private final Set<MessageQueue> tails = new LinkedHashSet<>();
    /** Where messages went while pages were on their way that may tell the old place. */
    private final Map<Key, Long> moved = new HashMap<>();

    private int pagesOnTheirWay;
    /** Everything up to this id is in the log. */
    private long durable;

    Backlog(Parts parts) {
        this.parts = parts;
        this.gauge = parts.gauge();
    }

    /** How many are read at once, and stay in memory of what waits for its time, while there is little room. */
    int few() {
        return Math.max(1, Math.min(FEW, parts.window() / 2));
    }

    int window() {
        return parts.window();
    }

    /** How many are read at once where they are wanted. */
    private int page() {
        return Math.max(1, Math.min(PAGE, parts.window() / 2));
    }

    private boolean leaves(MessageQueue queue, QueueEntry entry) {
        return entry.durable && crowded(queue);
    }

    private boolean crowded(MessageQueue queue) {
        return gauge.tight() || queue.ready().inMemory() >= parts.window();
    }

    /** Puts a new message into its queue; returns whether it leaves memory once the index has it. */
    boolean add(MessageQueue queue, QueueEntry entry) {
        boolean tail = queue.ready().add(entry, leaves(queue, entry), few());
        leaving(queue, tail);
        return tail;
    }

    /** Takes a message back that was handed out; it is not handed out again before {@code until}. */
    void putBack(MessageQueue queue, QueueEntry entry, long until) {
        leaving(queue, queue.ready().putBack(entry, until, until > 0 && leaves(queue, entry), few()));
    }

    private void leaving(MessageQueue queue, boolean tail) {
        if (tail || queue.ready().leaving()) {
            tails.add(queue);
        }
    }

    /** Has more of a queue with groups take its turn. */
    void advance(MessageQueue queue, long now) {
        ReadyMessages ready = queue.ready();
        ready.advance(now, few(), gauge.tight() ? 0 : parts.window(), entry -> left(entry.message));
        leaving(queue, false);
    }

    /**
     * A message entered with its content, in so many queues.
     *
     * @param logged whether the log keeps the content for as long as any of them has it
     * @param leaves whether one of the queues is so long that it leaves memory
     */
    void entered(Message message, int queues, long sequence, boolean logged, boolean leaves) {
        gauge.add(message.size() + (long) queues * MessageQueue.ENTRY_BYTES);
        if (logged && (leaves || gauge.tight())) {
            candidates.addLast(new Candidate(sequence, message));
        }
    }

    /** Whether memory is so short that a channel that holds many messages gets no more. */
    boolean scarce() {
        return gauge.scarce();
    }

    /** One queue has the message no more, or not in memory. */
    void left(Message message) {
        long bytes = MessageQueue.ENTRY_BYTES;
        if (message.release() && message.content() != null) {
            bytes += message.size();
            message.content(null);
        }
        gauge.add(-bytes);
    }

    /** The entry is with a consumer: its content, if it is durable, is read back should it come back. */
    void handedOut(QueueEntry entry) {
        if (gauge.tight()) {
            rests(entry);
        }
    }

    /** The entry waits: its content, if it is durable, is read back when its turn comes. */
    void rests(QueueEntry entry) {
        Message message = entry.message;
        if (entry.durable && entry.id <= durable && message.single() && message.content() != null) {
            message.content(null);
            gauge.add(-message.size());
        }
    }

    /** Everything up to the sequence is in the log, so its content may leave memory. */
    void durable(long sequence) {
        durable = sequence;
        while (!candidates.isEmpty() && candidates.peekFirst().sequence() <= sequence) {
            Message message = candidates.removeFirst().message();
            if (message.held() && message.content() != null) {
                message.content(null);
                gauge.add(-message.size());
            }
        }
    }

    /** Everything up to the sequence is in the index, so the entry may leave memory. */
    void indexed(long sequence) {
        tails.removeIf(queue -> {
            int waiting = crowded(queue) ? few() + page() : Integer.MAX_VALUE;
            return !queue.ready().pageOut(sequence, waiting, entry -> left(entry.message));
        });
    }

    void forget(MessageQueue queue) {
        tails.remove(queue);
    }

    /** Messages stand elsewhere now. */
    void moved(List<CopyForward.Move> moves) {
        if (pagesOnTheirWay > 0) {
            moves.forEach(move -> moved.put(new Key(move.queueId(), move.id()), move.to()));
        }
    }

    /** A page of a queue, null where it could not be read, and its entries that are not in memory. */
    @FunctionalInterface
    interface Read extends BiConsumer<QueuePages.@Nullable Page, List<QueueEntry>> {}

    /** Reads a page of a queue, unless one is on its way, and hands it over on the shard's loop. */
    void page(MessageQueue queue, Unread unread, Read then) {
        if (unread.loading()) {
            return;
        }
        int page = page();
        // Nobody wants it: it is the first that may expire, then more the more do.
        int most = unread.most(page, queue.wanted() ? page : Math.max(1, queue.page));
        queue.page = Math.min(PAGE, most * 4);
        Unread.Ask ask = unread.ask();
        pagesOnTheirWay++;
        read(() -> {
            QueuePages.Page found = page(queue, ask, most);
            parts.loop().execute(() -> {
                List<QueueEntry> entries = found == null ? List.of() : entries(queue, unread, found);
                if (--pagesOnTheirWay == 0) {
                    moved.clear();
                }
                then.accept(found, entries);
            });
        });
    }

    private QueuePages.@Nullable Page page(MessageQueue queue, Unread.Ask ask, int most) {
        try {
            return ask.read(parts.pages(), queue.id(), most);
        } catch (IOException | RuntimeException e) {
            LOG.error(
                    "shard {}: messages of {} cannot be read back: {}",
                    parts.shard(),
                    queue.ref().name(),
                    e.toString());
            return null;
        }
    }

    private List<QueueEntry> entries(MessageQueue queue, Unread unread, QueuePages.Page page) {
        List<QueueEntry> entries = new ArrayList<>(page.rows().size());
        for (QueuePages.Row row : page.rows()) {
            if (unread.knows(row.id())) {
                continue;
            }
            Long to = moved.isEmpty() ? null : moved.get(new Key(queue.id(), row.id()));
            Message message = new Message(to == null ? row.position() : to, row.size(), row.bodySize());
            message.retain();
            QueueEntry entry = new QueueEntry(row.id(), message, row.expiresAt(), true, row.priority(), row.group());
            entry.returned(row.returns(), row.until(), row.id());
            entry.redelivered = row.returns() > 0 || queue.deliveredBefore(row.id());
            entries.add(entry);
        }
        gauge.add((long) entries.size() * MessageQueue.ENTRY_BYTES);
        return entries;
    }

    private void read(Runnable work) {
        try {
            parts.reader().execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("the broker stops; nothing is read back any more", e);
        }
    }

    /** Reads contents of the next of a queue back, then calls {@code loaded} on the shard's loop; returns how many. */
    int load(MessageQueue queue, Runnable loaded) {
        List<Message> messages = new ArrayList<>();
        for (QueueEntry entry : queue.ready().absent(BLOCK_MESSAGES, BLOCK_BYTES)) {
            messages.add(entry.message);
        }
        if (!messages.isEmpty()) {
            queue.loading = true;
            load(messages, () -> true, () -> {
                queue.loading = false;
                loaded.run();
            });
        }
        return messages.size();
    }

    /**
     * Reads back contents, then calls {@code loaded} on the shard's loop; what cannot be read is marked lost.
     *
     * @param kept whether the log has to have them still
     */
    void load(List<Message> messages, BooleanSupplier kept, Runnable loaded) {
        read(() -> {
            Found[] found = find(messages);
            parts.loop().execute(() -> {
                for (int i = 0; i < messages.size(); i++) {
                    arrived(messages.get(i), found[i], kept);
                }
                loaded.run();
            });
        });
    }

    /** Reads contents without keeping them, then hands them over on the shard's loop, null each that cannot be read. */
    void peek(List<Message> messages, Consumer<List<@Nullable Content>> then) {
        read(() -> {
            List<@Nullable Content> contents = new ArrayList<>(messages.size());
            for (Found found : find(messages)) {
                contents.add(found.content());
            }
            parts.loop().execute(() -> then.accept(contents));
        });
    }

    /** What a read brought: a content, or why there is none. */
    private record Found(
            @Nullable Content content, @Nullable IOException failure) {}

    private Found[] find(List<Message> messages) {
        long[] positions = messages.stream().mapToLong(Message::position).toArray();
        Found[] found = new Found[positions.length];
        parts.log().read(positions, new SegmentLog.Found() {
            @Override
            public void record(int at, ByteBuffer record) throws IOException {
                found[at] = new Found(ChangeCodec.content(record), null);
            }

            @Override
            public void failed(int at, IOException why) {
                found[at] = new Found(null, why);
            }
        });
        return found;
    }

    private void arrived(Message message, Found found, BooleanSupplier kept) {
        // Whoever is settled meanwhile may have gone with its segment.
        if (message.content() != null || !message.held()) {
            return;
        }
        Content content = found.content();
        if (content == null && !kept.getAsBoolean()) {
            message.lost();
        } else if (content == null) {
            LOG.error(
                    "shard {}: a message cannot be read back and is dropped: {}",
                    parts.shard(),
                    String.valueOf(found.failure()));
            message.lost();
        } else {
            message.content(content);
            gauge.add(message.size());
        }
    }
}
