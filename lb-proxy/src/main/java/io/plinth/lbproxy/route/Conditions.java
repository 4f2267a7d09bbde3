package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a rule asks of a request beside host and path. Immutable. */
public final class Conditions {
    /** Asks for nothing. */
    public static final Conditions NONE = new Conditions(List.of(), Map.of(), Map.of(), Map.of());

    private final List<String> methods;
    private final List<ValueMatch> headers;
    private final List<ValueMatch> query;
    private final List<ValueMatch> cookies;

    public Conditions(
            List<String> methods, Map<String, String> headers, Map<String, String> query, Map<String, String> cookies) {
        this.methods = methods.stream().sorted().toList();
        this.headers = matches(headers);
        this.query = matches(query);
        this.cookies = matches(cookies);
    }

    private static List<ValueMatch> matches(Map<String, String> texts) {
        return new TreeMap<>(texts)
                .entrySet().stream()
                        .map(entry -> ValueMatch.parse(entry.getKey(), entry.getValue()))
                        .toList();
    }

    /** How many things are asked for; of two rules for one path the one with more is tried first. */
    int count() {
        return (methods.isEmpty() ? 0 : 1) + headers.size() + query.size() + cookies.size();
    }

    boolean met(RequestHead head) {
        return count() == 0 || unmet(head) == null;
    }

    /** The first thing that is not as asked for; null when all is. */
    @Nullable
    Object unmet(RequestHead head) {
        if (!methods.isEmpty() && !methods.contains(head.text(head.methodStart(), head.methodEnd()))) {
            return methods;
        }
        for (ValueMatch header : headers) {
            if (!headerFits(head, header)) {
                return header;
            }
        }
        for (ValueMatch parameter : query) {
            if (!parameter.accepts(RequestParts.query(head, parameter.name()))) {
                return parameter;
            }
        }
        for (ValueMatch cookie : cookies) {
            byte[] name = cookie.name().getBytes(StandardCharsets.ISO_8859_1);
            if (!cookie.accepts(RequestParts.cookie(head, name))) {
                return cookie;
            }
        }
        return null;
    }

    /** One of several fields is enough. */
    private static boolean headerFits(RequestHead head, ValueMatch header) {
        int field = RequestParts.field(head, header.lowerName(), 0);
        if (header.wantsNone() || field < 0) {
            return header.accepts(field < 0 ? null : head.value(field));
        }
        for (; field >= 0; field = RequestParts.field(head, header.lowerName(), field + 1)) {
            if (header.accepts(head.value(field))) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Conditions that
                && methods.equals(that.methods)
                && headers.equals(that.headers)
                && query.equals(that.query)
                && cookies.equals(that.cookies);
    }

    @Override
    public int hashCode() {
        return methods.hashCode() + headers.hashCode() + query.hashCode() + cookies.hashCode();
    }

    @Override
    public String toString() {
        return "methods " + methods + ", headers " + headers + ", query " + query + ", cookies " + cookies;
    }
}
