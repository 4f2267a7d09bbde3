package io.plinth.kvcache.persist.snapshot;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.Value;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * Owned by the thread that saves: makes keys up and has the loops encode them as for a snapshot, while they change as keys do before and
 * during one. So code that loops run while they hold a segment is loaded and has its machine code before it meets clients' keys; and
 * commands, which the compiler first sees without a listener, are not found to be compiled for that alone when the first snapshot begins.
 */
final class Rehearsal {
    private static final int KEYS = 4_096;
    private static final int VALUE = 64;
    private static final int ELEMENTS = 8;
    /** One in so many is a collection. */
    private static final int COLLECTIONS = 8;
    /** In parts. */
    private static final int LARGE = 2_000;

    private static final long MEMORY = 16 << 20;
    private static final long NOW = 1_000_000;

    /** After so many changes of a method's data the compiler has seen enough. */
    private static final int ROUNDS = 6;

    private Rehearsal() {}

    static void run(LongSupplier nanos, List<? extends ScheduledExecutorService> loops) throws IOException {
        Keyspace keyspace = new Keyspace(MEMORY, Eviction.NONE, NOW, new Random(1));
        for (int i = 0; i < ROUNDS; i++) {
            put(keyspace);
            Gathering gathering = new Gathering(MEMORY);
            keyspace.listen(gathering);
            Encoding encoding = new Encoding(keyspace, nanos, loops);
            encoding.begin();
            put(keyspace);
            try {
                for (Slices next = encoding.next(() -> {}); next != null; next = encoding.next(() -> {})) {
                    encoding.done(next);
                }
            } finally {
                encoding.abandon();
            }
            keyspace.unlisten(gathering, () -> true);
        }
    }

    private static void put(Keyspace keyspace) {
        for (int i = 0; i < KEYS; i++) {
            put(keyspace, i);
        }
    }

    private static void put(Keyspace keyspace, int number) {
        byte[] name = bytes("key:" + number);
        KeyRef key = new KeyRef().set(keyspace.hasher(), 0, name, 0, name.length);
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            if (number % COLLECTIONS == 0) {
                segment.putValue(key, collection(keyspace, number), Entry.NEVER, NOW);
            } else {
                segment.putString(
                        key, new byte[number % (2 * VALUE)], number % 2 == 0 ? Entry.NEVER : Long.MAX_VALUE / 2, NOW);
            }
        } finally {
            segment.unlock();
        }
    }

    private static Value collection(Keyspace keyspace, int number) {
        int elements = number < 3 * COLLECTIONS ? LARGE : ELEMENTS;
        HashValue hash = new HashValue(keyspace.hasher());
        SetValue set = new SetValue(keyspace.hasher());
        SortedSetValue sorted = new SortedSetValue(keyspace.hasher());
        int kind = number / COLLECTIONS % 3;
        for (int i = 0; i < elements; i++) {
            byte[] element = bytes("element:" + i);
            switch (kind) {
                case 0 -> hash.put(element, element, keyspace.packing());
                case 1 -> set.add(element, keyspace.packing());
                default -> sorted.put(element, i, keyspace.packing());
            }
        }
        return kind == 0 ? hash : kind == 1 ? set : sorted;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }
}
