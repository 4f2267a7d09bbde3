package io.plinth.kvcache.session.turn;

/**
 * What CLIENT LIST shows of a connection, as it stood when somebody looked. Immutable.
 *
 * @param descriptor the socket's number; -1 where it has none
 * @param undecoded bytes that came and are not decoded
 * @param room bytes that may still come without more memory
 * @param queued buffers that wait to be sent
 * @param pending bytes in them
 * @param reads whether it is read from
 */
public record ConnectionFacts(int descriptor, int undecoded, int room, int queued, long pending, boolean reads) {
    /** Of a client without a connection. */
    public static final ConnectionFacts NONE = new ConnectionFacts(-1, 0, 0, 0, 0, false);
}
