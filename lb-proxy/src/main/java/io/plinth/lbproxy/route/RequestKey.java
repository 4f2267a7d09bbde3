package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.Octets;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What tells requests apart, as a hash: the client's address, the path, a header field or a cookie. Immutable. */
public final class RequestKey {
    private enum Kind {
        ADDRESS,
        PATH,
        HEADER,
        COOKIE
    }

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private final Kind kind;
    private final byte[] name;

    private RequestKey(Kind kind, byte[] name) {
        this.kind = kind;
        this.name = name;
    }

    /** {@code address}, {@code path}, {@code header:NAME} or {@code cookie:NAME}. */
    public static RequestKey parse(String text) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? "" : text.substring(colon + 1);
        boolean token = !name.isEmpty() && name.chars().allMatch(c -> c < 0x80 && Octets.token((byte) c) != 0);
        String kind = colon < 0 ? text : text.substring(0, colon);
        if (kind.equals("header") && token) {
            return new RequestKey(Kind.HEADER, name.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII));
        }
        if (kind.equals("cookie") && token) {
            return new RequestKey(Kind.COOKIE, name.getBytes(StandardCharsets.US_ASCII));
        }
        if (text.equals("address") || text.equals("path")) {
            return new RequestKey(text.equals("path") ? Kind.PATH : Kind.ADDRESS, new byte[0]);
        }
        throw new IllegalArgumentException("by: " + text + " (expected: address, path, header:NAME or cookie:NAME)");
    }

    /** The hash of a request's key; a request that lacks it goes by its client's address. */
    public long of(RequestHead head, byte[] address) {
        @Nullable
        String value = switch (kind) {
            case ADDRESS, PATH -> null;
            case HEADER -> RequestParts.header(head, name);
            case COOKIE -> RequestParts.cookie(head, name);
        };
        if (value != null) {
            byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
            return hash(bytes, 0, bytes.length);
        }
        return kind == Kind.PATH ? hash(head.bytes(), head.path(), head.pathEnd()) : hash(address, 0, address.length);
    }

    /** FNV-1a. */
    static long hash(byte[] bytes, int from, int to) {
        long hash = FNV_OFFSET;
        for (int i = from; i < to; i++) {
            hash = (hash ^ (bytes[i] & 0xff)) * FNV_PRIME;
        }
        return hash;
    }
}
