package io.plinth.lbproxy.route;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.wire.http1.Head;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.Octets;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which of a message's header fields a route takes out, and which it adds. Immutable. */
public final class HeaderChanges {
    /** Changes nothing. */
    public static final HeaderChanges NONE = new HeaderChanges(List.of(), List.of());

    /** What the framing of a message depends on is not a route's to change. */
    private static final Set<String> FIXED = Set.of(
            "content-length",
            "transfer-encoding",
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "trailer",
            "upgrade",
            "expect");

    private final List<String> dropped;
    private final byte[][] names;
    private final List<Map.Entry<String, String>> added;
    private final byte[] lines;
    private final boolean host;

    private HeaderChanges(List<String> dropped, List<Map.Entry<String, String>> added) {
        this.dropped = List.copyOf(dropped);
        this.added = List.copyOf(added);
        names = dropped.stream()
                .map(name -> name.getBytes(StandardCharsets.US_ASCII))
                .toArray(byte[][]::new);
        StringBuilder text = new StringBuilder();
        added.forEach(field -> text.append(field.getKey())
                .append(": ")
                .append(field.getValue())
                .append("\r\n"));
        lines = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        host = dropped.contains("host");
    }

    /**
     * Changes as they stand in the file; throws IllegalArgumentException for what no header may be.
     *
     * @param request whether they are a request's, whose Host may be set
     */
    public static HeaderChanges of(
            Map<String, String> set, Map<String, String> add, List<String> remove, boolean request) {
        if (set.isEmpty() && add.isEmpty() && remove.isEmpty()) {
            return NONE;
        }
        List<String> dropped = new ArrayList<>();
        List<Map.Entry<String, String>> added = new ArrayList<>();
        new TreeMap<>(set).forEach((name, value) -> {
            check(name, value, request);
            dropped.add(name.toLowerCase(Locale.ROOT));
            added.add(Map.entry(name, value));
        });
        new TreeMap<>(add).forEach((name, value) -> {
            check(name, value, false);
            added.add(Map.entry(name, value));
        });
        for (String name : remove) {
            check(name, "", false);
            dropped.add(name.toLowerCase(Locale.ROOT));
        }
        return new HeaderChanges(dropped, added);
    }

    /** The same and one more field. */
    public HeaderChanges plus(String name, String value) {
        List<Map.Entry<String, String>> more = new ArrayList<>(added);
        more.add(Map.entry(name, value));
        return new HeaderChanges(dropped, more);
    }

    private static void check(String name, String value, boolean mayBeHost) {
        String lower = name.toLowerCase(Locale.ROOT);
        boolean token = !name.isEmpty() && name.chars().allMatch(c -> c < 0x80 && Octets.token((byte) c) != 0);
        if (!token) {
            throw new IllegalArgumentException("header: " + name + " (expected: a field name)");
        }
        if (FIXED.contains(lower) || (lower.equals("host") && !mayBeHost)) {
            throw new IllegalArgumentException("header: " + name + " (expected: one that does not frame the message)");
        }
        if (!value.chars().allMatch(c -> c >= ' ' && c != 0x7f && c < 0x100) || !value.equals(value.strip())) {
            throw new IllegalArgumentException("value of " + name + ": " + value + " (expected: printable Latin text)");
        }
    }

    public boolean isEmpty() {
        return dropped.isEmpty() && added.isEmpty();
    }

    /** Whether it sets Host. */
    public boolean setsHost() {
        return host;
    }

    /** Names that are taken out, in lower case. */
    public List<String> dropped() {
        return dropped;
    }

    /** Fields that are added, in order. */
    public List<Map.Entry<String, String>> added() {
        return added;
    }

    /** An upper bound of the bytes that {@link #write} adds. */
    public int size() {
        return lines.length;
    }

    /**
     * Copies a head's lines but those that are dropped, then writes what is added.
     *
     * @param alsoDropped bits of {@link HeaderName}s that go no further whatever the route says
     */
    public void write(Head head, ByteBuf out, long alsoDropped) {
        if (names.length == 0) {
            head.copyFields(out, alsoDropped);
        } else {
            for (int field = 0; field < head.count(); field++) {
                if ((HeaderName.bit(head.id(field)) & alsoDropped) == 0 && !drops(head, field)) {
                    int from = head.nameStart(field);
                    out.writeBytes(head.bytes(), from, head.lineEnd(field) - from);
                }
            }
        }
        out.writeBytes(lines);
    }

    /** Whether a field is taken out. */
    public boolean drops(Head head, int field) {
        for (byte[] name : names) {
            if (Octets.equalsIgnoreCase(head.bytes(), head.nameStart(field), head.nameEnd(field), name)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HeaderChanges that && dropped.equals(that.dropped) && added.equals(that.added);
    }

    @Override
    public int hashCode() {
        return dropped.hashCode() * 31 + added.hashCode();
    }
}
