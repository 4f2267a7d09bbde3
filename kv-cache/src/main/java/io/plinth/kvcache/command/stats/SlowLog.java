package io.plinth.kvcache.command.stats;

import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** Shared by all loops, guarded by its own lock: the last commands that took long. */
public final class SlowLog {
    private static final int MAX_ARGS = 32;
    private static final int MAX_BYTES = 128;
    private static final long STANDARD_MICROS = 10_000;
    private static final long STANDARD_LENGTH = 128;
    static final byte[] REDACTED = "(redacted)".getBytes(StandardCharsets.US_ASCII);

    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Slow> entries = new ArrayDeque<>();
    private long ids;
    private volatile long slowerThan = STANDARD_MICROS;
    private volatile long maxLength = STANDARD_LENGTH;

    /** One command; its arguments as they are shown. */
    public record Slow(long id, long seconds, long micros, List<byte[]> args, String address, String name) {
        public Slow {
            args = List.copyOf(args);
        }
    }

    /** Microseconds from which on a command is kept; negative for none. */
    public long slowerThan() {
        return slowerThan;
    }

    void slowerThan(long micros) {
        slowerThan = micros;
    }

    /** How many are kept. */
    public long maxLength() {
        return maxLength;
    }

    /** Changes how many are kept. */
    public void maxLength(long length) {
        maxLength = length;
        lock.lock();
        try {
            trim();
        } finally {
            lock.unlock();
        }
    }

    private void trim() {
        while (entries.size() > maxLength) {
            entries.removeLast();
        }
    }

    /** What is shown of arguments: not all, not whole, and no secrets. */
    public static List<byte[]> shown(String command, Args args) {
        int count = Math.min(args.count(), MAX_ARGS);
        List<byte[]> shown = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            if (i == MAX_ARGS - 1 && args.count() > MAX_ARGS) {
                shown.add(ascii("... (" + (args.count() - MAX_ARGS + 1) + " more arguments)"));
            } else if (secret(command, args, i)) {
                shown.add(REDACTED);
            } else {
                shown.add(shortened(args, i));
            }
        }
        return shown;
    }

    static boolean secret(String command, Args args, int i) {
        return switch (command) {
            case "auth" -> i > 0;
            case "hello" -> i > 1 && (args.is(i - 1, "AUTH") || args.is(i - 2, "AUTH"));
            case "acl" -> i > 2 && args.is(1, "SETUSER");
            case "config" -> i > 2 && args.is(1, "SET") && args.is(i - 1, "requirepass");
            default -> false;
        };
    }

    private static byte[] shortened(Args args, int i) {
        int length = args.length(i);
        if (args.longAt(i) != null) {
            // It is a key's by now.
            return ascii("(" + length + " bytes)");
        }
        if (length <= MAX_BYTES) {
            return args.bytes(i);
        }
        String start = new String(args.start(i, MAX_BYTES), StandardCharsets.ISO_8859_1);
        return ascii(start + "... (" + (length - MAX_BYTES) + " more bytes)");
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    void add(List<byte[]> args, long micros, long nowMillis, String address, String name) {
        lock.lock();
        try {
            entries.addFirst(new Slow(ids++, nowMillis / 1000, micros, args, address, name));
            trim();
        } finally {
            lock.unlock();
        }
    }

    /** The last ones, newest first; all of them for -1. */
    public List<Slow> last(long count) {
        lock.lock();
        try {
            return entries.stream().limit(count < 0 ? Long.MAX_VALUE : count).toList();
        } finally {
            lock.unlock();
        }
    }

    public int length() {
        lock.lock();
        try {
            return entries.size();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets all of them. */
    public void clear() {
        lock.lock();
        try {
            entries.clear();
        } finally {
            lock.unlock();
        }
    }
}
