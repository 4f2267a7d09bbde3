package io.plinth.lbproxy.admin;

import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The common log format; or the combined one, then route, pool/server, tries, and microseconds in all and until the server's first byte.
 * Owned by one event loop.
 *
 * <pre>
 * 127.0.0.1 - - [22/Nov/2026:04:16:07 +0000] "GET / HTTP/1.1" 200 512 "-" "curl/8.5" all web/web-1 1 830 790
 * </pre>
 */
final class CombinedFormat implements AccessFormat {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    " - - '['dd/MMM/yyyy:HH:mm:ss Z']' \"", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] MIN_LONG = "-9223372036854775808".getBytes(StandardCharsets.US_ASCII);

    private final boolean all;
    private final byte[] digits = new byte[20];
    private long second = -1;
    private byte[] time = new byte[0];

    /** {@code all} for more than the common format has. */
    CombinedFormat(boolean all) {
        this.all = all;
    }

    @Override
    public void write(AccessEntry entry, long millis, LogLines out) {
        out.text(entry.client());
        long now = Math.floorDiv(millis, 1_000L);
        if (now != second) {
            second = now;
            time = TIME.format(Instant.ofEpochSecond(now)).getBytes(StandardCharsets.US_ASCII);
        }
        out.write(time, 0, time.length);
        RequestHead head = entry.request();
        if (entry.requestLineRead()) {
            quoted(out, head.bytes(), head.methodStart(), head.targetEnd());
            out.text(head.http2() ? " HTTP/2.0" : head.http10() ? " HTTP/1.0" : " HTTP/1.1");
        } else {
            out.write('-');
        }
        out.text("\" ");
        number(out, entry.status());
        out.write(' ');
        number(out, entry.bodyBytes());
        if (all) {
            further(entry, head, out);
        }
        out.write('\n');
    }

    private void further(AccessEntry entry, RequestHead head, LogLines out) {
        header(out, head, HeaderName.REFERER);
        header(out, head, HeaderName.USER_AGENT);
        out.write(' ');
        name(out, entry.route());
        out.write(' ');
        name(out, entry.pool());
        out.write('/');
        name(out, entry.server());
        out.write(' ');
        number(out, entry.attempts());
        out.write(' ');
        number(out, entry.micros());
        out.write(' ');
        number(out, entry.serverMicros());
    }

    private static void header(LogLines out, RequestHead head, int id) {
        out.text(" \"");
        if (head.has(id)) {
            int field = head.first(id);
            quoted(out, head.bytes(), head.valueStart(field), head.valueEnd(field));
        } else {
            out.write('-');
        }
        out.write('"');
    }

    /** What would end the quotes or the line is written as {@code \xHH}. */
    private static void quoted(LogLines out, byte[] bytes, int from, int to) {
        int run = from;
        for (int i = from; i < to; i++) {
            byte b = bytes[i];
            if (b < ' ' || b == 0x7f || b == '"' || b == '\\') {
                out.write(bytes, run, i - run);
                run = i + 1;
                out.text("\\x");
                out.write(HEX[(b >> 4) & 15]);
                out.write(HEX[b & 15]);
            }
        }
        out.write(bytes, run, to - run);
    }

    private static void name(LogLines out, @Nullable String name) {
        out.text(name == null ? "-" : name);
    }

    private void number(LogLines out, long value) {
        if (value == Long.MIN_VALUE) {
            out.write(MIN_LONG, 0, MIN_LONG.length);
            return;
        }
        long rest = Math.abs(value);
        int at = digits.length;
        do {
            digits[--at] = (byte) ('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (value < 0) {
            out.write('-');
        }
        out.write(digits, at, digits.length - at);
    }
}
