package io.plinth.dbproxy.trace;

import io.plinth.dbproxy.server.ServerKey;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** How long a statement takes that several shards carry out, and each of them its part. Owned by the session's event loop; used once. */
public final class SharedWork {
    private static final int MOST_NAMED = 4;

    private final LongSupplier nanoTime;
    private final long began;
    private final List<Part> parts = new ArrayList<>();

    /** One server's part; times are the clock's. */
    public static final class Part {
        private final ServerKey server;
        private final long began;
        private long ended;
        private boolean over;
        private boolean failed;

        private Part(ServerKey server, long began) {
            this.server = server;
            this.began = began;
        }

        public ServerKey server() {
            return server;
        }

        public long nanos() {
            return ended - began;
        }

        public boolean failed() {
            return failed;
        }
    }

    public SharedWork(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.began = nanoTime.getAsLong();
    }

    /** A server is sent its part. */
    public void begin(ServerKey server) {
        parts.add(new Part(server, nanoTime.getAsLong()));
    }

    /** A server has done its part. */
    public void end(ServerKey server, boolean failed) {
        long now = nanoTime.getAsLong();
        for (Part part : parts) {
            if (!part.over && part.server.equals(server)) {
                part.ended = now;
                part.over = true;
                part.failed = failed;
            }
        }
    }

    /** All is over; of a failure that no server is known to have had, the one that was asked last is taken for it. */
    public void over(boolean failed) {
        long now = nanoTime.getAsLong();
        for (Part part : parts) {
            part.ended = part.over ? part.ended : now;
            part.over = true;
        }
        if (failed && !parts.isEmpty() && parts.stream().noneMatch(Part::failed)) {
            parts.getLast().failed = true;
        }
    }

    /** What was begun has come to nothing and is begun anew. */
    public void again() {
        parts.clear();
    }

    /** From the beginning until now. */
    public long nanos() {
        return nanoTime.getAsLong() - began;
    }

    long sinceBeginning(Part part) {
        return part.began - began;
    }

    public List<Part> parts() {
        return parts;
    }

    /** The servers' names, of many the first ones. */
    public String names() {
        String first = parts.stream()
                .map(part -> part.server.name())
                .distinct()
                .limit(MOST_NAMED)
                .collect(Collectors.joining(", "));
        return parts.size() > MOST_NAMED ? first + ", ... (" + parts.size() + " servers)" : first;
    }
}
