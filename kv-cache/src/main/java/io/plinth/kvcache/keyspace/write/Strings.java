package io.plinth.kvcache.keyspace.write;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.LongArgument;
import io.plinth.kvcache.wire.LongArguments;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Changes of parts of strings, with the segment locked. */
public final class Strings {
    private static final String NO_ROOM = "OOM command not allowed when used memory > 'maxmemory'.";
    /** Of what keys may take a string that comes leaves this share to others. */
    private static final int UNUSED_SHIFT = 3;
    /** Long strings are copied in pieces of so many bytes, as what listens is told of them. */
    private static final int PIECE = Change.PIECE;

    private Strings() {}

    /**
     * A string of so many bytes that comes from outside piece by piece, for a key of a slot: keys are evicted as it comes. It may take
     * all that keys may but for an eighth. Without a lock.
     */
    public static Arrival arriving(Keyspace keyspace, int slot, int length) {
        boolean possible = mayFit(keyspace, length);
        return keyspace.slabs(slot).arrival(length, bytes -> possible && keyspace.makeRoom(bytes));
    }

    /** The same of one that was there in an earlier life, and may have grown over what comes at once. */
    public static Arrival returning(Keyspace keyspace, int slot, int length) {
        boolean possible = length <= keyspace.memory().limit();
        return keyspace.slabs(slot).arrival(length, bytes -> possible && keyspace.makeRoom(bytes));
    }

    /** Whether so many bytes may be had where everything else goes. */
    public static boolean mayFit(Keyspace keyspace, long bytes) {
        long limit = keyspace.memory().limit();
        return bytes <= limit - (limit >> UNUSED_SHIFT);
    }

    /** One that a command makes while it has locks, where nothing may be evicted; refused where it has no room. */
    public static Arrival made(Keyspace keyspace, int slot, int length) {
        room(keyspace, length);
        return keyspace.slabs(slot).arrival(length, bytes -> true);
    }

    /** A copy of a long string, for a key of a slot; refused where it has no room. With both segments' locks. */
    public static Arrival copy(Keyspace keyspace, Entry entry, int slot) {
        int length = entry.length();
        Arrival copy = made(keyspace, slot, length);
        for (int at = 0; at < length; at += PIECE) {
            byte[] piece = entry.part(at, Math.min(PIECE, length - at));
            add(copy, piece, piece.length);
        }
        return copy;
    }

    /** Adds so many bytes to one that is made; gives it up where the machine has no more memory. */
    public static void add(Arrival to, byte[] from, int count) {
        if (!to.add(from, 0, count)) {
            to.release();
            throw new NoRoomException(NO_ROOM);
        }
    }

    /** Refuses what needs so many bytes more, where there are not so many; a few are always taken. */
    public static void room(Keyspace keyspace, long bytes) {
        if (bytes >= LongArguments.LONG && !keyspace.memory().fits(bytes)) {
            throw new NoRoomException(NO_ROOM);
        }
    }

    /** Whether an entry is a string that is not to be copied to the heap as a whole. */
    public static boolean isLong(Entry entry) {
        return entry.isString() && entry.length() >= LongArguments.LONG;
    }

    /** Puts what came in pieces into a string that is there; gives it up. */
    public static void put(Keyspace keyspace, Segment segment, Entry entry, int at, LongArgument part) {
        int length = part.length();
        int before = entry.length();
        int over = entry.isViewed() ? Math.clamp((long) before - at, 0, length) : 0;
        // Before anything of it is written.
        room(keyspace, Math.max(0, (long) at + length - before) + over);
        SegmentSet.together(keyspace, segment, () -> {
            for (int done = 0; done < length; done += PIECE) {
                put(keyspace, segment, entry, at + done, part.part(done, Math.min(PIECE, length - done)));
            }
            return length;
        });
        part.release();
    }

    /** Makes a key that is not there a string that has an argument from a place on, and zeros before. */
    public static void begin(
            Keyspace keyspace, Segment segment, KeyRef key, int at, Args args, int arg, long nowMillis) {
        LongArgument part = args.longAt(arg);
        if (part == null) {
            begin(keyspace, segment, key, at, args.bytes(arg), nowMillis);
            return;
        }
        if (at == 0 && part instanceof Arrival whole) {
            segment.putString(key, whole, StringForm.BUILT, Entry.NEVER, nowMillis);
            return;
        }
        // Before there is a key.
        room(keyspace, (long) at + part.length());
        SegmentSet.together(keyspace, segment, () -> {
            begin(keyspace, segment, key, at, part.part(0, 1), nowMillis);
            Entry entry = segment.peek(key, nowMillis);
            if (entry != null) {
                put(keyspace, segment, entry, at, part);
            }
            return part;
        });
    }

    /** Makes a key that is not there a string that has these bytes from a place on, and zeros before. */
    public static void begin(Keyspace keyspace, Segment segment, KeyRef key, int at, byte[] part, long nowMillis) {
        if (at + part.length < LongArguments.LONG) {
            byte[] made = new byte[at + part.length];
            System.arraycopy(part, 0, made, at, part.length);
            segment.putString(key, made, 0, made.length, StringForm.BUILT, Entry.NEVER, nowMillis);
            return;
        }
        room(keyspace, (long) at + part.length);
        SegmentSet.together(keyspace, segment, () -> {
            Entry entry = segment.putString(key, part, 0, 0, StringForm.BUILT, Entry.NEVER, nowMillis);
            try {
                put(keyspace, segment, entry, at, part);
            } catch (NoRoomException noMemory) {
                segment.delete(entry);
                throw noMemory;
            }
            return at;
        });
    }

    /**
     * Puts bytes into a string that is there from a place on, with zeros before them where it was shorter. What is told of it is the
     * part alone, with its place and how long the string was; of a long one piece by piece.
     */
    public static void put(Keyspace keyspace, Segment segment, Entry entry, int at, byte[] part) {
        if (part.length >= LongArguments.LONG) {
            room(keyspace, (long) at + part.length - entry.length());
            SegmentSet.together(keyspace, segment, () -> {
                for (int done = 0; done < part.length; done += PIECE) {
                    byte[] piece = Arrays.copyOfRange(part, done, Math.min(part.length, done + PIECE));
                    put(keyspace, segment, entry, at + done, piece);
                }
                return part;
            });
            return;
        }
        room(keyspace, (long) at + part.length - entry.length());
        long before = entry.bytes();
        byte[] place = segment.heard()
                ? ByteBuffer.allocate(2 * Long.BYTES)
                        .putLong(at)
                        .putLong(entry.length())
                        .array()
                : null;
        entry.put(at, part, keyspace.crowded());
        segment.mutated(entry, before, Kind.PART, place, part);
    }
}
