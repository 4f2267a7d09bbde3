package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import org.jspecify.annotations.Nullable;

/** Where a route's requests are sent instead of being served. Immutable. */
public final class Redirect {
    private final int status;
    private final String to;
    private final @Nullable PathPattern pattern;

    public Redirect(int status, String to, String path) {
        this.status = status;
        this.to = to;
        pattern = PathPattern.ofPath(path);
    }

    public int status() {
        return status;
    }

    /**
     * The Location for a request.
     *
     * @param scheme the client's
     */
    public String location(RequestHead head, String scheme) {
        String path = head.path() == head.pathEnd() ? "/" : head.text(head.path(), head.pathEnd());
        String text = to;
        if (pattern != null) {
            @Nullable String[] groups = pattern.groupsOf(path);
            text = groups == null ? text : TargetRewrite.fill(text, groups);
        }
        StringBuilder out = new StringBuilder(text.length() + path.length());
        int at = 0;
        while (at < text.length()) {
            int end = text.charAt(at) == '{' ? text.indexOf('}', at) : -1;
            if (end < 0) {
                out.append(text.charAt(at++));
                continue;
            }
            switch (text.substring(at + 1, end)) {
                case "scheme" -> out.append(scheme);
                case "host" -> out.append(host(head));
                case "path" -> out.append(path);
                case "query" -> out.append(head.text(head.pathEnd(), head.targetEnd()));
                default -> out.append(text, at, end + 1);
            }
            at = end + 1;
        }
        return out.toString();
    }

    /** The host as the client wrote it, without its port. */
    private static String host(RequestHead head) {
        if (!head.has(HeaderName.HOST)) {
            return "";
        }
        String value = head.value(head.first(HeaderName.HOST));
        int colon = value.lastIndexOf(':');
        return colon > value.lastIndexOf(']') ? value.substring(0, colon) : value;
    }
}
