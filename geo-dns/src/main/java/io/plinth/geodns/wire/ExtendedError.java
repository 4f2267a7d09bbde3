package io.plinth.geodns.wire;

/** Why a query failed, in the numbers of RFC 8914 section 4. */
public enum ExtendedError {
    OTHER(0),
    NOT_READY(14),
    PROHIBITED(18),
    NOT_AUTHORITATIVE(20),
    NOT_SUPPORTED(21);

    private final int code;

    ExtendedError(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
