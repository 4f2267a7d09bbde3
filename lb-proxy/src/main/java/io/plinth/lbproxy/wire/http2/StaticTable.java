package io.plinth.lbproxy.wire.http2;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The static table of RFC 7541 appendix A. */
final class StaticTable {
    private static final String[] TEXT = {
        ":authority", "",
        ":method", "GET",
        ":method", "POST",
        ":path", "/",
        ":path", "/index.html",
        ":scheme", "http",
        ":scheme", "https",
        ":status", "200",
        ":status", "204",
        ":status", "206",
        ":status", "304",
        ":status", "400",
        ":status", "404",
        ":status", "500",
        "accept-charset", "",
        "accept-encoding", "gzip, deflate",
        "accept-language", "",
        "accept-ranges", "",
        "accept", "",
        "access-control-allow-origin", "",
        "age", "",
        "allow", "",
        "authorization", "",
        "cache-control", "",
        "content-disposition", "",
        "content-encoding", "",
        "content-language", "",
        "content-length", "",
        "content-location", "",
        "content-range", "",
        "content-type", "",
        "cookie", "",
        "date", "",
        "etag", "",
        "expect", "",
        "expires", "",
        "from", "",
        "host", "",
        "if-match", "",
        "if-modified-since", "",
        "if-none-match", "",
        "if-range", "",
        "if-unmodified-since", "",
        "last-modified", "",
        "link", "",
        "location", "",
        "max-forwards", "",
        "proxy-authenticate", "",
        "proxy-authorization", "",
        "range", "",
        "referer", "",
        "refresh", "",
        "retry-after", "",
        "server", "",
        "set-cookie", "",
        "strict-transport-security", "",
        "transfer-encoding", "",
        "user-agent", "",
        "vary", "",
        "via", "",
        "www-authenticate", ""
    };

    /** Number of entries; they count from 1. */
    static final int COUNT = TEXT.length / 2;

    static final int AUTHORITY = 1;
    static final int METHOD = 2;
    static final int METHOD_GET = 2;
    static final int METHOD_POST = 3;
    static final int PATH = 4;
    static final int PATH_ROOT = 4;
    static final int SCHEME_HTTP = 6;
    static final int SCHEME_HTTPS = 7;
    static final int STATUS = 8;
    static final int AUTHORIZATION = 23;
    static final int COOKIE = 32;
    static final int PROXY_AUTHORIZATION = 49;
    static final int SET_COOKIE = 55;

    /** Statuses of the entries from {@link #STATUS} on. */
    private static final int[] STATUSES = {200, 204, 206, 304, 400, 404, 500};

    private static final int MASK = 255;
    private static final byte[][] NAMES = new byte[COUNT + 1][];
    private static final byte[][] VALUES = new byte[COUNT + 1][];
    private static final int[] SLOTS = new int[MASK + 1];

    static {
        for (int index = COUNT; index > 0; index--) {
            NAMES[index] = TEXT[index * 2 - 2].getBytes(StandardCharsets.US_ASCII);
            VALUES[index] = TEXT[index * 2 - 1].getBytes(StandardCharsets.US_ASCII);
            int slot = slot(hash(NAMES[index], 0, NAMES[index].length));
            while (SLOTS[slot] != 0 && !Arrays.equals(NAMES[SLOTS[slot]], NAMES[index])) {
                slot = (slot + 1) & MASK;
            }
            SLOTS[slot] = index;
        }
    }

    private StaticTable() {}

    static byte[] name(int index) {
        return NAMES[index];
    }

    static byte[] value(int index) {
        return VALUES[index];
    }

    static int hash(byte[] bytes, int from, int to) {
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + bytes[i];
        }
        return hash;
    }

    private static int slot(int hash) {
        return (hash ^ hash >>> 7 ^ hash >>> 15) & MASK;
    }

    /** The first entry of a name given in lower case, or 0. */
    static int find(byte[] bytes, int from, int to, int hash) {
        int slot = slot(hash);
        for (int index = SLOTS[slot]; index != 0; index = SLOTS[slot]) {
            byte[] name = NAMES[index];
            if (Arrays.equals(bytes, from, to, name, 0, name.length)) {
                return index;
            }
            slot = (slot + 1) & MASK;
        }
        return 0;
    }

    /** The entry of a whole {@code :status} field, or 0. */
    static int status(int status) {
        for (int i = 0; i < STATUSES.length; i++) {
            if (STATUSES[i] == status) {
                return STATUS + i;
            }
        }
        return 0;
    }
}
