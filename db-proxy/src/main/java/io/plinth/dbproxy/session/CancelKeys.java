package io.plinth.dbproxy.session;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Sessions by the key each was given for cancel requests. Shared by the loops. */
public final class CancelKeys {
    private static final int SHORT = 4;
    private static final int LONG = 32;

    private final SecureRandom random;
    private final Map<Key, Cancellable> sessions = new ConcurrentHashMap<>();

    public CancelKeys(SecureRandom random) {
        this.random = random;
    }

    /** Something that can be cancelled from any thread. */
    public interface Cancellable {
        void cancel();
    }

    /** What a client shows to cancel; {@code secret} is compared by content. */
    public record Key(int process, ByteBuffer secret) {}

    /** Enters a session under a fresh key: 32 bytes where the client's protocol has room for them. */
    public Key enter(Cancellable session, boolean longer) {
        while (true) {
            byte[] secret = new byte[longer ? LONG : SHORT];
            random.nextBytes(secret);
            Key key = new Key(random.nextInt() & Integer.MAX_VALUE, ByteBuffer.wrap(secret));
            if (sessions.putIfAbsent(key, session) == null) {
                return key;
            }
        }
    }

    public void leave(Key key) {
        sessions.remove(key);
    }

    /** Cancels what the session of that key runs; false when there is none. */
    public boolean cancel(int process, byte[] secret) {
        Cancellable session = sessions.get(new Key(process, ByteBuffer.wrap(secret)));
        if (session == null) {
            return false;
        }
        session.cancel();
        return true;
    }
}
