package io.plinth.mqbroker.auth;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Guarded by itself. How often somebody tried to log in, by protocol, and by where from and as whom. Of the latter only so many are kept: the
 * one that has tried least lately is forgotten first.
 */
public final class Attempts {
    /** What they logged in to. */
    public enum Protocol {
        AMQP("amqp091"),
        HTTP("http");

        private final String text;

        Protocol(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    /** Attempts, and those of them that failed. */
    public record Count(long all, long failed) {
        static final Count NONE = new Count(0, 0);

        Count and(boolean admitted) {
            return new Count(all + 1, failed + (admitted ? 0 : 1));
        }

        public long succeeded() {
            return all - failed;
        }
    }

    /** Where an attempt came from. */
    public record Source(Protocol protocol, String address, String user) {}

    private static final int USER_MAX = 255;

    private final Map<Protocol, Count> byProtocol = new EnumMap<>(Protocol.class);
    private final LinkedHashMap<Source, Count> bySource;

    /**
     * None so far.
     *
     * @param mostSources how many sources are kept
     */
    public Attempts(int mostSources) {
        this.bySource = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Source, Count> eldest) {
                return size() > mostSources;
            }
        };
    }

    /** Somebody tried. */
    public synchronized void tried(Protocol protocol, InetAddress from, String user, boolean admitted) {
        byProtocol.put(protocol, of(protocol).and(admitted));
        String name = user.length() > USER_MAX ? user.substring(0, USER_MAX) : user;
        Source source = new Source(protocol, from.getHostAddress(), name);
        bySource.put(source, bySource.getOrDefault(source, Count.NONE).and(admitted));
    }

    public synchronized Count of(Protocol protocol) {
        return byProtocol.getOrDefault(protocol, Count.NONE);
    }

    /** Who tried, the last one last. */
    public synchronized List<Map.Entry<Source, Count>> sources() {
        List<Map.Entry<Source, Count>> all = new ArrayList<>();
        bySource.forEach((source, count) -> all.add(Map.entry(source, count)));
        return all;
    }

    /** Counts anew. */
    public synchronized void reset() {
        byProtocol.clear();
        bySource.clear();
    }
}
