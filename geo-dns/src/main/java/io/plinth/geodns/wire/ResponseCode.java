package io.plinth.geodns.wire;

/** How a response ends (RFC 1035 section 4.1.1, RFC 6891 section 9). */
public enum ResponseCode {
    /** Answered, be it with no records. */
    NOERROR(0),
    /** The query cannot be read. */
    FORMERR(1),
    /** The server cannot say. */
    SERVFAIL(2),
    /** The name does not exist. */
    NXDOMAIN(3),
    /** The kind of query is not implemented. */
    NOTIMP(4),
    /** Not for this server to answer. */
    REFUSED(5),
    /** An alias would make a name too long (RFC 6672 section 2.2). */
    YXDOMAIN(6),
    /** An EDNS version above ours. */
    BADVERS(16),
    /** A cookie is missing or wrong (RFC 7873 section 5.2.3). */
    BADCOOKIE(23);

    private final int code;

    ResponseCode(int code) {
        this.code = code;
    }

    /** The number; above 15 its upper bits stand in the OPT record. */
    public int code() {
        return code;
    }
}
