package io.plinth.lbproxy.wire.http1;

import java.nio.charset.StandardCharsets;

/** The header names a proxy acts on, as small numbers: the position of a bit in {@link Head#seen()}. */
public final class HeaderName {
    /** Any name not listed here. */
    public static final int OTHER = 0;
    /** A field that the message's own Connection header names; it goes no further. */
    public static final int NAMED_BY_CONNECTION = 1;

    public static final int HOST = 2;
    public static final int CONTENT_LENGTH = 3;
    public static final int TRANSFER_ENCODING = 4;
    public static final int CONNECTION = 5;
    public static final int KEEP_ALIVE = 6;
    public static final int PROXY_CONNECTION = 7;
    public static final int TE = 8;
    public static final int UPGRADE = 9;
    public static final int EXPECT = 10;
    public static final int X_FORWARDED_FOR = 11;
    public static final int X_FORWARDED_PROTO = 12;
    public static final int X_FORWARDED_HOST = 13;
    public static final int X_FORWARDED_PORT = 14;
    public static final int FORWARDED = 15;
    public static final int TRACEPARENT = 16;
    public static final int TRACESTATE = 17;
    public static final int USER_AGENT = 18;
    public static final int REFERER = 19;
    public static final int TRAILER = 20;
    public static final int AUTHORIZATION = 21;
    public static final int COOKIE = 22;
    public static final int SET_COOKIE = 23;
    public static final int CONTENT_ENCODING = 24;
    public static final int CONTENT_TYPE = 25;
    public static final int CONTENT_RANGE = 26;
    public static final int CACHE_CONTROL = 27;
    public static final int PROXY_AUTHENTICATE = 28;
    public static final int PROXY_AUTHORIZATION = 29;

    private static final String[] TEXT = {
        "",
        "",
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "upgrade",
        "expect",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-forwarded-port",
        "forwarded",
        "traceparent",
        "tracestate",
        "user-agent",
        "referer",
        "trailer",
        "authorization",
        "cookie",
        "set-cookie",
        "content-encoding",
        "content-type",
        "content-range",
        "cache-control",
        "proxy-authenticate",
        "proxy-authorization"
    };
    static final int COUNT = TEXT.length;

    private static final int MASK = 255;
    private static final byte[][] NAMES = new byte[COUNT][];
    private static final int[] TABLE = new int[MASK + 1];

    static {
        for (int id = 2; id < COUNT; id++) {
            NAMES[id] = TEXT[id].getBytes(StandardCharsets.US_ASCII);
            int hash = 0;
            for (byte b : NAMES[id]) {
                hash = hash(hash, b);
            }
            int slot = slot(hash);
            while (TABLE[slot] != 0) {
                slot = (slot + 1) & MASK;
            }
            TABLE[slot] = id;
        }
    }

    private HeaderName() {}

    /** The bit of a name. */
    public static long bit(int id) {
        return 1L << id;
    }

    static int hash(int hash, byte lowerCase) {
        return hash * 31 + lowerCase;
    }

    private static int slot(int hash) {
        return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & MASK;
    }

    /** The name in {@code [from, to)}, whose lower-cased bytes hash to {@code hash}. */
    static int find(byte[] bytes, int from, int to, int hash) {
        int slot = slot(hash);
        for (int id = TABLE[slot]; id != 0; id = TABLE[slot]) {
            if (Octets.equalsIgnoreCase(bytes, from, to, NAMES[id])) {
                return id;
            }
            slot = (slot + 1) & MASK;
        }
        return OTHER;
    }
}
