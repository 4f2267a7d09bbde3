package io.plinth.lbproxy.wire.http2;

/** Streams we reset lately, whose frames may still be on their way here. Owned by its connection's event loop. */
final class RecentResets {
    private static final int REMEMBERED = 128;

    private final int[] streams = new int[REMEMBERED];
    private int next;

    void add(int stream) {
        streams[next++ & (REMEMBERED - 1)] = stream;
    }

    void remove(int stream) {
        for (int i = 0; i < streams.length; i++) {
            if (streams[i] == stream) {
                streams[i] = 0;
            }
        }
    }

    boolean has(int stream) {
        for (int reset : streams) {
            if (reset == stream) {
                return true;
            }
        }
        return false;
    }
}
