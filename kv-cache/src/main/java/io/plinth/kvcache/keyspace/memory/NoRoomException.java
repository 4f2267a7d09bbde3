package io.plinth.kvcache.keyspace.memory;

/** Native memory has no room for something. Who was to get it is as it was before; the message is what a client is told. */
public final class NoRoomException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    public NoRoomException(String message) {
        super(message);
    }
}
