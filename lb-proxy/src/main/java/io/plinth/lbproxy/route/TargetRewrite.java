package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What becomes of a request's path on the way to the server. Immutable. */
public final class TargetRewrite {
    /** Leaves it. */
    public static final TargetRewrite NONE = new TargetRewrite(null, 0, null, null);

    private final @Nullable PathPattern pattern;
    private final int prefix;
    private final byte @Nullable [] instead;
    private final @Nullable String template;

    private TargetRewrite(
            @Nullable PathPattern pattern, int prefix, byte @Nullable [] instead, @Nullable String template) {
        this.pattern = pattern;
        this.prefix = prefix;
        this.instead = instead;
        this.template = template;
    }

    /**
     * Reads a route's keys; throws IllegalArgumentException for a text that is no path.
     *
     * @param path the route's
     * @param strip whether the path is taken off
     * @param rewrite what stands in its place; null for nothing
     */
    public static TargetRewrite of(String path, boolean strip, @Nullable String rewrite) {
        PathPattern pattern = PathPattern.ofPath(path);
        String plain = path.startsWith("/") ? path : path.substring(1);
        if (rewrite == null) {
            return strip && pattern == null ? new TargetRewrite(null, plain.length(), new byte[0], null) : NONE;
        }
        if (!rewrite.startsWith("/") || !rewrite.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '#' && c != '?')) {
            throw new IllegalArgumentException("rewrite: " + rewrite + " (expected: a path)");
        }
        if (pattern != null) {
            return new TargetRewrite(pattern, 0, null, rewrite);
        }
        return new TargetRewrite(null, plain.length(), rewrite.getBytes(StandardCharsets.US_ASCII), null);
    }

    /** Whether anything may change. */
    public boolean changes() {
        return instead != null || template != null;
    }

    /** The path the server is asked for, without the query. */
    public byte[] path(RequestHead head) {
        String to = template;
        PathPattern groups = pattern;
        if (to != null && groups != null) {
            @Nullable String[] found = groups.groupsOf(head.text(head.path(), head.pathEnd()));
            String text = found == null ? head.text(head.path(), head.pathEnd()) : fill(to, found);
            return text.getBytes(StandardCharsets.ISO_8859_1);
        }
        int from = head.path() + Math.min(prefix, head.pathEnd() - head.path());
        byte[] front = instead == null ? new byte[0] : instead;
        int rest = head.pathEnd() - from;
        boolean slashBehind = rest > 0 && head.bytes()[from] == '/';
        boolean slashBefore = front.length > 0 && front[front.length - 1] == '/';
        int between = slashBehind || slashBefore || (rest == 0 && front.length > 0) ? 0 : 1;
        int skip = slashBehind && slashBefore ? 1 : 0;
        byte[] path = new byte[front.length + between + rest - skip];
        System.arraycopy(front, 0, path, 0, front.length);
        if (between == 1) {
            path[front.length] = '/';
        }
        System.arraycopy(head.bytes(), from + skip, path, front.length + between, rest - skip);
        return path;
    }

    /** Puts groups in place of {@code $1} to {@code $9}. */
    static String fill(String template, @Nullable String[] groups) {
        StringBuilder text = new StringBuilder(template.length() + 32);
        for (int i = 0; i < template.length(); i++) {
            char c = template.charAt(i);
            int digit = c == '$' && i + 1 < template.length() ? template.charAt(i + 1) - '0' : -1;
            if (digit >= 0 && digit <= 9) {
                String group = digit < groups.length ? groups[digit] : null;
                text.append(group == null ? "" : group);
                i++;
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }
}
