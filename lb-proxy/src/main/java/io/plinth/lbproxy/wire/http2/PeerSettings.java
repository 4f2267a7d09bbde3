package io.plinth.lbproxy.wire.http2;

/** What the peer's SETTINGS say (RFC 9113 6.5.2, RFC 8441 3). Owned by its connection's event loop. */
final class PeerSettings {
    static final int TABLE_SIZE = 0x1;
    static final int ENABLE_PUSH = 0x2;
    static final int MAX_STREAMS = 0x3;
    static final int INITIAL_WINDOW = 0x4;
    static final int MAX_FRAME = 0x5;
    static final int MAX_HEADER_LIST = 0x6;
    static final int ENABLE_CONNECT = 0x8;

    private static final int LARGEST_FRAME = 0xffffff;

    private final boolean ofClient;
    private int window = SendLine.DEFAULT_WINDOW;
    private int streams = Integer.MAX_VALUE;
    private boolean connects;
    private boolean come;

    PeerSettings(boolean ofClient) {
        this.ofClient = ofClient;
    }

    /** The window of new streams. */
    int window() {
        return window;
    }

    int streams() {
        return streams;
    }

    boolean connects() {
        return connects;
    }

    boolean come() {
        return come;
    }

    /** Notes that they came; true for the first time. */
    boolean first() {
        boolean first = !come;
        come = true;
        return first;
    }

    /** Takes one; returns by how much the windows of open streams change. */
    int set(int id, long value) throws Fault {
        switch (id) {
            case ENABLE_PUSH -> require(value == 0 || (ofClient && value == 1), id, value, ErrorCode.PROTOCOL_ERROR);
            case MAX_STREAMS -> streams = (int) Math.min(value, Integer.MAX_VALUE);
            case INITIAL_WINDOW -> {
                require(value <= Integer.MAX_VALUE, id, value, ErrorCode.FLOW_CONTROL_ERROR);
                int change = (int) value - window;
                window = (int) value;
                return change;
            }
            case MAX_FRAME ->
                require(
                        value >= FrameReader.MAX_PAYLOAD && value <= LARGEST_FRAME,
                        id,
                        value,
                        ErrorCode.PROTOCOL_ERROR);
            case ENABLE_CONNECT -> {
                require(value <= 1, id, value, ErrorCode.PROTOCOL_ERROR);
                connects = value == 1;
            }
            // Unknown ones are ignored; SETTINGS_MAX_HEADER_LIST_SIZE is advice.
            default -> {}
        }
        return 0;
    }

    private static void require(boolean right, int id, long value, int code) throws Fault {
        if (!right) {
            throw Fault.connection(code, "setting " + id + " of " + value);
        }
    }
}
