package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.Octets;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Single values out of a request's head, for the few routes that ask for them. */
public final class RequestParts {
    private RequestParts() {}

    /** The first field of a name; null for none. */
    public static @Nullable String header(RequestHead head, byte[] lowerName) {
        int field = field(head, lowerName, 0);
        return field < 0 ? null : head.value(field);
    }

    /** The next field of a name from {@code from} on, or -1. */
    static int field(RequestHead head, byte[] lowerName, int from) {
        for (int field = from; field < head.count(); field++) {
            if (Octets.equalsIgnoreCase(head.bytes(), head.nameStart(field), head.nameEnd(field), lowerName)) {
                return field;
            }
        }
        return -1;
    }

    /** The first cookie of a name (RFC 6265 5.4), without its quotes; null for none. */
    public static @Nullable String cookie(RequestHead head, byte[] name) {
        if (!head.has(HeaderName.COOKIE)) {
            return null;
        }
        for (int field = head.first(HeaderName.COOKIE); field < head.count(); field++) {
            if (head.id(field) == HeaderName.COOKIE) {
                String value = cookie(head, field, name);
                if (value != null) {
                    return value;
                }
            }
        }
        return null;
    }

    private static @Nullable String cookie(RequestHead head, int field, byte[] name) {
        byte[] bytes = head.bytes();
        int at = head.valueStart(field);
        int end = head.valueEnd(field);
        while (at < end) {
            while (at < end && (bytes[at] == ' ' || bytes[at] == ';')) {
                at++;
            }
            int next = at;
            while (next < end && bytes[next] != ';') {
                next++;
            }
            if (next - at > name.length && bytes[at + name.length] == '=' && same(bytes, at, name)) {
                int from = at + name.length + 1;
                int to = next;
                if (to - from >= 2 && bytes[from] == '"' && bytes[to - 1] == '"') {
                    from++;
                    to--;
                }
                return head.text(from, to);
            }
            at = next;
        }
        return null;
    }

    private static boolean same(byte[] bytes, int at, byte[] name) {
        for (int i = 0; i < name.length; i++) {
            if (bytes[at + i] != name[i]) {
                return false;
            }
        }
        return true;
    }

    /** The first query parameter of a name, both decoded; null for none. */
    static @Nullable String query(RequestHead head, String name) {
        byte[] bytes = head.bytes();
        int at = head.pathEnd() + 1;
        while (at <= head.targetEnd()) {
            int next = at;
            int equals = -1;
            while (next < head.targetEnd() && bytes[next] != '&') {
                if (bytes[next] == '=' && equals < 0) {
                    equals = next;
                }
                next++;
            }
            int nameEnd = equals < 0 ? next : equals;
            if (nameEnd > at && decoded(bytes, at, nameEnd).equals(name)) {
                return equals < 0 ? "" : decoded(bytes, equals + 1, next);
            }
            at = next + 1;
        }
        return null;
    }

    /** Percent signs and pluses undone; what is no escape stays. */
    private static String decoded(byte[] bytes, int from, int to) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(to - from);
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            if (b == '%' && i + 2 < to) {
                int high = Character.digit(bytes[i + 1], 16);
                int low = Character.digit(bytes[i + 2], 16);
                if (high >= 0 && low >= 0) {
                    out.write(high << 4 | low);
                    i += 2;
                    continue;
                }
            }
            out.write(b == '+' ? ' ' : b);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
