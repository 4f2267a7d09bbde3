package io.plinth.lbproxy.wire.http2;

import java.util.ArrayDeque;

/** The connection's send window, and the streams that wait for it, a frame each at a turn. Owned by its connection's event loop. */
final class SendLine {
    static final int DEFAULT_WINDOW = 65535;

    private final Output output;
    private final ArrayDeque<Http2Stream> line = new ArrayDeque<>();
    private long window = DEFAULT_WINDOW;
    private boolean advancing;

    SendLine(Output output) {
        this.output = output;
    }

    long window() {
        return window;
    }

    boolean waits() {
        return !line.isEmpty();
    }

    void sent(int bytes) {
        window -= bytes;
    }

    void open(int increment) throws Fault {
        window += increment;
        if (window > Integer.MAX_VALUE) {
            throw Fault.connection(ErrorCode.FLOW_CONTROL_ERROR, "window above 2^31-1");
        }
    }

    void add(Http2Stream stream) {
        if (!stream.inLine) {
            stream.inLine = true;
            line.addLast(stream);
        }
    }

    /** Sends what waits as far as windows and output allow. */
    void advance() {
        if (advancing) {
            return;
        }
        advancing = true;
        while (window > 0 && output.writable()) {
            Http2Stream stream = line.pollFirst();
            if (stream == null) {
                break;
            }
            stream.inLine = false;
            if (stream.turn()) {
                add(stream);
            }
        }
        advancing = false;
    }
}
