package io.plinth.kvcache.keyspace.stream;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Guarded by its key's segment lock: who reads a stream together, and what was delivered and not yet acknowledged. */
public final class StreamGroup {
    /** The count of entries read is not known. */
    public static final long UNKNOWN = -1;

    /** Consumers by name, byte for character. */
    public final TreeMap<String, Consumer> consumers = new TreeMap<>();

    /** What is not acknowledged, of all consumers. */
    public final TreeMap<StreamId, Pending> pending = new TreeMap<>();

    private final String name;
    private StreamId last;
    private long entriesRead;

    public StreamGroup(String name, StreamId last, long entriesRead) {
        this.name = name;
        this.last = last;
        this.entriesRead = entriesRead;
    }

    /** One that reads. */
    public static final class Consumer {
        public final TreeMap<StreamId, Pending> pending = new TreeMap<>();
        private final String name;
        private long seen;
        private long active;

        public Consumer(String name, long seen, long active) {
            this.name = name;
            this.seen = seen;
            this.active = active;
        }

        public String name() {
            return name;
        }

        /** When it last asked, in Unix milliseconds. */
        public long seen() {
            return seen;
        }

        public void seen(long millis) {
            seen = millis;
        }

        /** When it last got something; -1 for never. */
        public long active() {
            return active;
        }

        public void active(long millis) {
            active = millis;
        }
    }

    /** An entry that was delivered and is not acknowledged. */
    public static final class Pending {
        private Consumer owner;
        private long delivered;
        private long times;

        public Pending(Consumer owner, long delivered, long times) {
            this.owner = owner;
            this.delivered = delivered;
            this.times = times;
        }

        public Consumer owner() {
            return owner;
        }

        public long delivered() {
            return delivered;
        }

        public long times() {
            return times;
        }
    }

    public String name() {
        return name;
    }

    public StreamId last() {
        return last;
    }

    public long entriesRead() {
        return entriesRead;
    }

    /** Moves what was delivered last. */
    public void position(StreamId id, long read) {
        last = id;
        entriesRead = read;
    }

    /** A consumer, or null. */
    public @Nullable Consumer consumer(String consumer) {
        return consumers.get(consumer);
    }

    /** Makes an entry pending with a consumer, whoever had it. */
    public void deliver(StreamId id, Consumer consumer, long millis, long times) {
        Pending present = pending.get(id);
        if (present == null) {
            present = new Pending(consumer, millis, times);
            pending.put(id, present);
        } else {
            present.owner.pending.remove(id);
            present.owner = consumer;
            present.delivered = millis;
            present.times = times;
        }
        consumer.pending.put(id, present);
    }

    /** An entry is done with; answers whether it was pending. */
    public boolean acknowledge(StreamId id) {
        Pending gone = pending.remove(id);
        if (gone != null) {
            gone.owner.pending.remove(id);
        }
        return gone != null;
    }

    public StreamGroup copy() {
        StreamGroup copy = new StreamGroup(name, last, entriesRead);
        consumers.forEach((key, consumer) ->
                copy.consumers.put(key, new Consumer(consumer.name, consumer.seen, consumer.active)));
        for (Map.Entry<StreamId, Pending> each : pending.entrySet()) {
            Consumer owner = copy.consumers.get(each.getValue().owner.name);
            if (owner != null) {
                copy.deliver(each.getKey(), owner, each.getValue().delivered, each.getValue().times);
            }
        }
        return copy;
    }

    public long bytes() {
        return 96
                + 2L * name.getBytes(StandardCharsets.ISO_8859_1).length
                + 128L * consumers.size()
                + 112L * pending.size();
    }
}
