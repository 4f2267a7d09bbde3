package io.plinth.lbproxy.wire.http2;

import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.Octets;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Makes a request's head of a header block's fields, in the form that HTTP/1.1 has: one reading for whoever gets it.
 * Whatever RFC 9113 8.2 and 8.3 call malformed is refused here. Owned by its connection's event loop; reused.
 */
public final class RequestFields implements FieldSink {
    private static final int METHOD = 0;
    private static final int SCHEME = 1;
    private static final int AUTHORITY = 2;
    private static final int PATH = 3;
    private static final int PROTOCOL = 4;
    private static final int PSEUDO = 5;

    private static final byte[][] NAMES = {
        ascii(":method"), ascii(":scheme"), ascii(":authority"), ascii(":path"), ascii(":protocol")
    };
    private static final byte[] HOST = ascii("host");
    private static final byte[] COOKIE = ascii("cookie");
    private static final byte[] CONNECT = ascii("CONNECT");
    private static final byte[] HTTP = ascii("http");
    private static final byte[] HTTPS = ascii("https");
    private static final byte[] WEBSOCKET = ascii("websocket");
    private static final byte[] TRAILERS = ascii("trailers");

    /** RFC 9113 8.2.2. */
    private static final long CONNECTION_SPECIFIC = HeaderName.bit(HeaderName.CONNECTION)
            | HeaderName.bit(HeaderName.PROXY_CONNECTION)
            | HeaderName.bit(HeaderName.KEEP_ALIVE)
            | HeaderName.bit(HeaderName.TRANSFER_ENCODING)
            | HeaderName.bit(HeaderName.UPGRADE);

    private static final int INITIAL = 512;
    private static final int KEPT = 16 * 1024;

    private @Nullable RequestHead head;
    private byte[] text = new byte[INITIAL];
    private int used;
    private final int[] from = new int[PSEUDO];
    private final int[] to = new int[PSEUDO];
    private byte[] cookies = new byte[INITIAL];
    private int cookieBytes;
    private boolean hasCookie;
    private boolean lineMade;
    private @Nullable String malformed;
    private @Nullable Rejection rejection;

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Begins a request, in {@code into}, which is fresh. */
    public void begin(RequestHead into) {
        head = into;
        used = 0;
        Arrays.fill(from, -1);
        hasCookie = false;
        cookieBytes = 0;
        lineMade = false;
        malformed = null;
        rejection = null;
        if (text.length > KEPT) {
            text = new byte[INITIAL];
        }
        if (cookies.length > KEPT) {
            cookies = new byte[INITIAL];
        }
    }

    /** Why the message is malformed, which ends its stream; null when it is not. */
    public @Nullable String malformed() {
        return malformed;
    }

    /** Why the request, though well-formed, is refused; null when it is not. */
    public @Nullable Rejection rejection() {
        return rejection;
    }

    @Override
    public void field(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        if (malformed != null) {
            return;
        }
        if (nameFrom < nameTo && name[nameFrom] == ':') {
            pseudo(name, nameFrom, nameTo, value, valueFrom, valueTo);
            return;
        }
        malformed = wrongField(name, nameFrom, nameTo, value, valueFrom, valueTo);
        if (malformed == null && !lineMade) {
            line();
        }
        RequestHead into = head;
        if (malformed != null || into == null) {
            return;
        }
        if (Arrays.equals(name, nameFrom, nameTo, COOKIE, 0, COOKIE.length)) {
            cookie(value, valueFrom, valueTo);
        } else if (Arrays.equals(name, nameFrom, nameTo, HOST, 0, HOST.length)) {
            host(into, value, valueFrom, valueTo);
        } else {
            into.field(name, nameFrom, nameTo, value, valueFrom, valueTo);
        }
    }

    /** RFC 9113 8.2.1: what makes any field malformed; null for nothing. */
    static @Nullable String wrongField(
            byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        if (nameFrom == nameTo) {
            return "empty field name";
        }
        for (int i = nameFrom; i < nameTo; i++) {
            byte b = name[i];
            if (b != Octets.token(b) || b == 0) {
                return "byte " + (b & 0xff) + " in a field name (expected: a token in lower case)";
            }
        }
        return wrongValue(value, valueFrom, valueTo);
    }

    private static @Nullable String wrongValue(byte[] value, int from, int to) {
        for (int i = from; i < to; i++) {
            byte b = value[i];
            if ((b >= 0 && b < ' ' && b != '\t') || b == 0x7f) {
                return "control byte in a field value";
            }
        }
        if (from < to && (blank(value[from]) || blank(value[to - 1]))) {
            return "white space around a field value";
        }
        return null;
    }

    private static boolean blank(byte b) {
        return b == ' ' || b == '\t';
    }

    private void pseudo(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        int which = 0;
        while (which < PSEUDO && !Arrays.equals(name, nameFrom, nameTo, NAMES[which], 0, NAMES[which].length)) {
            which++;
        }
        if (which == PSEUDO) {
            malformed = "unknown pseudo-header";
        } else if (lineMade) {
            malformed = "pseudo-header after a field";
        } else if (from[which] >= 0) {
            malformed = "pseudo-header repeated";
        } else {
            malformed = wrongValue(value, valueFrom, valueTo);
            int length = valueTo - valueFrom;
            if (used + length > text.length) {
                text = Arrays.copyOf(text, Math.max(text.length * 2, used + length));
            }
            System.arraycopy(value, valueFrom, text, used, length);
            from[which] = used;
            used += length;
            to[which] = used;
        }
    }

    private boolean is(int which, byte[] expected) {
        return from[which] >= 0 && Arrays.equals(text, from[which], to[which], expected, 0, expected.length);
    }

    /** RFC 9113 8.3.1 and 8.5, RFC 8441 4. */
    private void line() {
        lineMade = true;
        boolean connect = is(METHOD, CONNECT);
        boolean extended = from[PROTOCOL] >= 0;
        if (from[METHOD] < 0 || from[METHOD] == to[METHOD]) {
            malformed = ":method missing";
        } else if (connect && !extended) {
            malformed = from[SCHEME] >= 0 || from[PATH] >= 0 ? "CONNECT with :scheme or :path" : null;
            rejection = Rejection.CONNECT;
            return;
        } else if (extended && !connect) {
            malformed = ":protocol without CONNECT";
        } else if (!is(SCHEME, HTTP) && !is(SCHEME, HTTPS)) {
            malformed = ":scheme missing, or other than http and https";
        } else if (from[PATH] < 0 || from[PATH] == to[PATH]) {
            malformed = ":path missing or empty";
        } else if (text[from[PATH]] != '/' && text[from[PATH]] != '*') {
            malformed = ":path without a leading slash";
        } else if (from[AUTHORITY] >= 0 && from[AUTHORITY] == to[AUTHORITY]) {
            malformed = ":authority empty";
        } else if (extended && !is(PROTOCOL, WEBSOCKET)) {
            rejection = Rejection.CONNECT;
        }
        RequestHead into = head;
        if (malformed != null || rejection != null || into == null) {
            return;
        }
        rejection = into.http2Line(text, from[METHOD], to[METHOD], from[PATH], to[PATH], extended);
        if (from[AUTHORITY] >= 0) {
            into.field(HOST, 0, HOST.length, text, from[AUTHORITY], to[AUTHORITY]);
        }
    }

    /** RFC 9113 8.3.1: one that differs from :authority makes the request malformed, one that agrees adds nothing. */
    private void host(RequestHead into, byte[] value, int valueFrom, int valueTo) {
        if (!into.has(HeaderName.HOST)) {
            into.field(HOST, 0, HOST.length, value, valueFrom, valueTo);
            return;
        }
        int known = into.first(HeaderName.HOST);
        if (from[AUTHORITY] < 0
                || !Octets.same(
                        into.bytes(), into.valueStart(known), into.valueEnd(known), value, valueFrom, valueTo)) {
            malformed = "host repeated, or other than :authority";
        }
    }

    /** RFC 9113 8.2.3: crumbs are one field for HTTP/1.1. */
    private void cookie(byte[] value, int valueFrom, int valueTo) {
        int count = valueTo - valueFrom + (hasCookie ? 2 : 0);
        if (cookieBytes + count > cookies.length) {
            cookies = Arrays.copyOf(cookies, Math.max(cookies.length * 2, cookieBytes + count));
        }
        if (hasCookie) {
            cookies[cookieBytes++] = ';';
            cookies[cookieBytes++] = ' ';
        }
        System.arraycopy(value, valueFrom, cookies, cookieBytes, valueTo - valueFrom);
        cookieBytes += valueTo - valueFrom;
        hasCookie = true;
    }

    /** The block is over. */
    public void finish() {
        if (malformed == null && !lineMade) {
            line();
        }
        RequestHead into = head;
        head = null;
        if (malformed != null || into == null) {
            return;
        }
        if (hasCookie) {
            into.field(COOKIE, 0, COOKIE.length, cookies, 0, cookieBytes);
        }
        if ((into.seen() & CONNECTION_SPECIFIC) != 0) {
            malformed = "connection-specific field";
        } else if (into.has(HeaderName.TE)
                && (into.repeats(HeaderName.TE) || !into.valueIs(into.first(HeaderName.TE), TRAILERS))) {
            malformed = "TE other than trailers";
        }
    }
}
