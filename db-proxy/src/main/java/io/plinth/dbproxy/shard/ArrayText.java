package io.plinth.dbproxy.shard;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The text form of an array of one dimension: {@code {1,"a b",NULL}} (utils/adt/arrayfuncs.c). Stateless. */
public final class ArrayText {
    private ArrayText() {}

    /** Its elements, null for NULL; null for a text that is not surely one. */
    public static @Nullable List<@Nullable String> elements(String text) {
        String inner = text.strip();
        if (!inner.startsWith("{") || !inner.endsWith("}")) {
            return null;
        }
        List<@Nullable String> elements = new ArrayList<>();
        int at = 1;
        int end = inner.length() - 1;
        if (inner.substring(1, end).isBlank()) {
            return elements;
        }
        while (at <= end) {
            while (at < end && Character.isWhitespace(inner.charAt(at))) {
                at++;
            }
            StringBuilder element = new StringBuilder();
            boolean quoted = at < end && inner.charAt(at) == '"';
            at += quoted ? 1 : 0;
            boolean closed = !quoted;
            while (at < end) {
                char c = inner.charAt(at);
                if (c == '\\' && at + 1 < end) {
                    element.append(inner.charAt(at + 1));
                    at += 2;
                    continue;
                }
                if (quoted ? c == '"' : c == ',') {
                    closed = true;
                    break;
                }
                if (!quoted && (c == '{' || c == '}' || c == '"')) {
                    return null;
                }
                element.append(c);
                at++;
            }
            if (!closed) {
                return null;
            }
            at += quoted ? 1 : 0;
            while (quoted && at < end && Character.isWhitespace(inner.charAt(at))) {
                at++;
            }
            if (at < end && inner.charAt(at) != ',') {
                return null;
            }
            String value = quoted ? element.toString() : element.toString().strip();
            if (!quoted && value.isEmpty()) {
                return null;
            }
            elements.add(!quoted && value.equalsIgnoreCase("null") ? null : value);
            at++;
            if (at == end) {
                // A comma with nothing behind it.
                return inner.charAt(end - 1) == ',' ? null : elements;
            }
        }
        return elements;
    }
}
