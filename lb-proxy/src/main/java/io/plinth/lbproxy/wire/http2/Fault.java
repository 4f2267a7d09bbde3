package io.plinth.lbproxy.wire.http2;

/** What a peer did wrong, and what ends for it: one stream, or the connection (RFC 9113 5.4). Without a stack trace. */
public final class Fault extends Exception {
    private final int stream;
    private final int code;

    private Fault(int stream, int code, String why) {
        super(why, null, false, false);
        this.stream = stream;
        this.code = code;
    }

    /** The connection ends. */
    public static Fault connection(int code, String why) {
        return new Fault(0, code, why);
    }

    /** One stream ends. */
    public static Fault stream(int stream, int code, String why) {
        return new Fault(stream, code, why);
    }

    /** The stream that ends; 0 when the connection does. */
    public int stream() {
        return stream;
    }

    /** One of {@link ErrorCode}. */
    public int code() {
        return code;
    }
}
