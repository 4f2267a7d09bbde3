package io.plinth.lbproxy.wire.http1;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A request line and its fields. Owned by the event loop of the client's connection.
 *
 * <pre>
 * GET http://host:80/path?query HTTP/1.1
 *     |      |      |    |     |
 *     target |      path |     targetEnd
 *            authority   pathEnd
 * </pre>
 */
public final class RequestHead extends Head {
    /** Methods the proxy tells apart. */
    public enum Method {
        GET,
        HEAD,
        OTHER
    }

    private static final byte[] GET = ascii("GET");
    private static final byte[] HEAD = ascii("HEAD");
    private static final byte[] CONNECT = ascii("CONNECT");
    private static final byte[] OPTIONS = ascii("OPTIONS");
    private static final byte[] HTTP_SCHEME = ascii("http://");
    private static final byte[] HTTPS_SCHEME = ascii("https://");
    private static final byte[] HTTP_1 = ascii("HTTP/1.");
    private static final byte[] SPACE = ascii(" ");
    private static final byte[] VERSION = ascii(" HTTP/1.1");

    private Method method = Method.OTHER;
    private boolean http10;
    private boolean http2;
    private boolean extendedConnect;
    private int lineStart;
    private int methodEnd;
    private int target;
    private int targetEnd;
    private int authority;
    private int path;
    private int pathEnd;

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void reset() {
        super.reset();
        method = Method.OTHER;
        http10 = false;
        http2 = false;
        extendedConnect = false;
        lineStart = 0;
        methodEnd = 0;
        target = 0;
        targetEnd = 0;
        authority = 0;
        path = 0;
        pathEnd = 0;
    }

    /**
     * Makes the request line of a message that came as HTTP/2; its fields follow. It is judged as one that came as
     * HTTP/1.1, so that what a server reads has one reading.
     *
     * @param tunnel whether it is an extended CONNECT (RFC 8441), which HTTP/1.1 has as a GET with an Upgrade
     */
    public @Nullable Rejection http2Line(
            byte[] text, int methodFrom, int methodTo, int targetFrom, int targetTo, boolean tunnel) {
        http2 = true;
        extendedConnect = tunnel;
        if (tunnel) {
            append(GET, 0, GET.length);
        } else {
            append(text, methodFrom, methodTo - methodFrom);
        }
        append(SPACE, 0, 1);
        append(text, targetFrom, targetTo - targetFrom);
        append(VERSION, 0, VERSION.length);
        int to = length();
        endOfLine();
        beginFields();
        Rejection wrong = startLine(bytes(), 0, to);
        return wrong == null && absolute() ? Rejection.TARGET : wrong;
    }

    @Override
    @Nullable
    Rejection startLine(byte[] line, int from, int to) {
        lineStart = from;
        int at = from;
        while (at < to && Octets.token(line[at]) != 0) {
            at++;
        }
        if (at == to) {
            return Rejection.REQUEST_LINE;
        }
        if (at == from || line[at] != Octets.SPACE) {
            return Rejection.METHOD;
        }
        methodEnd = at;
        target = at + 1;
        Rejection wrong = target(line, to);
        if (wrong != null) {
            return wrong;
        }
        return version(line, targetEnd + 1, to);
    }

    private @Nullable Rejection target(byte[] line, int to) {
        int at = target;
        int query = -1;
        boolean dotted = false;
        while (at < to && Octets.target(line[at])) {
            byte b = line[at];
            if (b == '?' && query < 0) {
                query = at;
            } else if (query < 0 && (b == '.' || b == '%')) {
                dotted = true;
            }
            at++;
        }
        targetEnd = at;
        if (at == target) {
            return Rejection.REQUEST_LINE;
        }
        if (at == to || line[at] != Octets.SPACE) {
            // RFC 1945's simple request has no version; anything else that ends a target is a byte no URI has.
            return at == to ? Rejection.REQUEST_LINE : Rejection.TARGET;
        }
        pathEnd = query < 0 ? at : query;
        method = method(line);
        if (is(line, lineStart, methodEnd, CONNECT)) {
            return Rejection.CONNECT;
        }
        Rejection wrong = form(line);
        return wrong == null && dotted && dotSegment(line) ? Rejection.DOT_SEGMENT : wrong;
    }

    /** RFC 9112 3.2: origin-form, absolute-form, or {@code *} for OPTIONS. */
    private @Nullable Rejection form(byte[] line) {
        path = target;
        if (line[target] == '/') {
            return null;
        }
        if (line[target] == '*') {
            return targetEnd == target + 1 && is(line, lineStart, methodEnd, OPTIONS) ? null : Rejection.TARGET;
        }
        int scheme = schemeEnd(line, HTTP_SCHEME);
        if (scheme < 0) {
            scheme = schemeEnd(line, HTTPS_SCHEME);
        }
        if (scheme < 0) {
            return Rejection.TARGET;
        }
        authority = scheme;
        path = scheme;
        while (path < pathEnd && line[path] != '/') {
            if (line[path] == '@') {
                return Rejection.TARGET;
            }
            path++;
        }
        return path == authority ? Rejection.TARGET : null;
    }

    private int schemeEnd(byte[] line, byte[] scheme) {
        int end = target + scheme.length;
        return end < targetEnd && Octets.equalsIgnoreCase(line, target, end, scheme) ? end : -1;
    }

    private Method method(byte[] line) {
        if (is(line, lineStart, methodEnd, GET)) {
            return Method.GET;
        }
        return is(line, lineStart, methodEnd, HEAD) ? Method.HEAD : Method.OTHER;
    }

    private static boolean is(byte[] bytes, int from, int to, byte[] text) {
        if (to - from != text.length) {
            return false;
        }
        for (int i = 0; i < text.length; i++) {
            if (bytes[from + i] != text[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean dotSegment(byte[] line) {
        for (int at = path; at < pathEnd; at++) {
            if (line[at] == '/' && dots(line, at + 1)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the segment at {@code at} is one or two dots, however they are written. */
    private boolean dots(byte[] line, int at) {
        int dots = 0;
        int i = at;
        while (i < pathEnd && line[i] != '/') {
            if (line[i] == '.') {
                i++;
            } else if (line[i] == '%' && i + 2 < pathEnd && line[i + 1] == '2' && (line[i + 2] | 0x20) == 'e') {
                i += 3;
            } else {
                return false;
            }
            dots++;
        }
        return dots == 1 || dots == 2;
    }

    private @Nullable Rejection version(byte[] line, int from, int to) {
        if (to - from != HTTP_1.length + 1 || !is(line, from, to - 1, HTTP_1)) {
            return looksLikeVersion(line, from, to) ? Rejection.VERSION : Rejection.REQUEST_LINE;
        }
        byte minor = line[to - 1];
        http10 = minor == '0';
        return minor == '0' || minor == '1' ? null : digit(minor) ? Rejection.VERSION : Rejection.REQUEST_LINE;
    }

    /** RFC 9112 2.3: {@code HTTP/} digit dot digit. */
    private static boolean looksLikeVersion(byte[] line, int from, int to) {
        return to - from == 8
                && is(line, from, from + 5, ascii("HTTP/"))
                && digit(line[from + 5])
                && line[from + 6] == '.'
                && digit(line[from + 7]);
    }

    private static boolean digit(byte b) {
        return b >= '0' && b <= '9';
    }

    public Method method() {
        return method;
    }

    /** Where the method begins. */
    public int methodStart() {
        return lineStart;
    }

    public int methodEnd() {
        return methodEnd;
    }

    public boolean http10() {
        return http10;
    }

    /** Whether it came as HTTP/2. */
    public boolean http2() {
        return http2;
    }

    /** Whether it came as an extended CONNECT (RFC 8441). */
    public boolean extendedConnect() {
        return extendedConnect;
    }

    /** Where the target as it came begins. */
    public int target() {
        return target;
    }

    public int targetEnd() {
        return targetEnd;
    }

    /** RFC 9112 3.2.4: whether it asks about the server as a whole, be it by an absolute target without a path. */
    public boolean asterisk() {
        return bytes()[target] == '*'
                || (absolute() && path == targetEnd && is(bytes(), lineStart, methodEnd, OPTIONS));
    }

    /** Whether the target names a host itself (absolute-form). */
    public boolean absolute() {
        return authority != 0;
    }

    /** Where the authority of an absolute target begins; it ends where the path begins. */
    public int authority() {
        return authority;
    }

    /** Where the path begins; equal to {@link #pathEnd} when an absolute target has none. */
    public int path() {
        return path;
    }

    /** Where the path ends: before the query or at the target's end. */
    public int pathEnd() {
        return pathEnd;
    }
}
