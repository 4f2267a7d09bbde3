package io.plinth.dbproxy.client;

import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Sessions by the key each was given for cancel requests. Shared by the loops. */
public final class CancelKeys {
    private final SecureRandom random;
    private final Map<Long, Cancellable> sessions = new ConcurrentHashMap<>();

    public CancelKeys(SecureRandom random) {
        this.random = random;
    }

    /** Something that can be cancelled from any thread. */
    interface Cancellable {
        void cancel();
    }

    /** Enters a session under a fresh key: process in the upper half, secret in the lower. */
    long enter(Cancellable session) {
        while (true) {
            long key = random.nextLong() & Long.MAX_VALUE;
            if (sessions.putIfAbsent(key, session) == null) {
                return key;
            }
        }
    }

    void leave(long key) {
        sessions.remove(key);
    }

    /** Cancels what the session of that key runs; false when there is none. */
    boolean cancel(int process, byte[] secret) {
        if (secret.length != Integer.BYTES) {
            return false;
        }
        long low = 0;
        for (byte b : secret) {
            low = low << 8 | (b & 0xff);
        }
        Cancellable session = sessions.get((long) process << 32 | low);
        if (session == null) {
            return false;
        }
        session.cancel();
        return true;
    }
}
