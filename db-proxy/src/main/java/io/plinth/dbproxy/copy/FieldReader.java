package io.plinth.dbproxy.copy;

import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedCopy.Format;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the fields of a line of COPY's text or csv format (commands/copyfromparse.c), up to the last one that matters. */
final class FieldReader {
    private final ShardedCopy copy;
    private final int last;
    private final List<@Nullable String> texts = new ArrayList<>();
    private byte[] bytes = new byte[0];
    private int at;
    private int end;

    FieldReader(ShardedCopy copy, int last) {
        this.copy = copy;
        this.last = last;
    }

    void read(byte[] line, int from, int to) {
        bytes = line;
        at = from;
        end = to;
        texts.clear();
        boolean more = true;
        while (more && texts.size() <= last) {
            texts.add(copy.format() == Format.CSV ? csv() : plain());
            more = at < end;
            at++;
        }
    }

    /** A field; null for NULL, and for one that is not there. */
    @Nullable
    String text(int field) {
        return field < texts.size() ? texts.get(field) : null;
    }

    private @Nullable String csv() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean quoted = false;
        boolean saw = false;
        while (at < end) {
            byte b = bytes[at];
            if (!quoted && b == copy.delimiter()) {
                break;
            }
            if (!quoted && b == copy.quote()) {
                quoted = true;
                saw = true;
            } else if (quoted
                    && b == copy.escape()
                    && at + 1 < end
                    && (bytes[at + 1] == copy.quote() || bytes[at + 1] == copy.escape())) {
                at++;
                out.write(bytes[at]);
            } else if (quoted && b == copy.quote()) {
                quoted = false;
            } else {
                out.write(b);
            }
            at++;
        }
        String text = out.toString(StandardCharsets.UTF_8);
        return !saw && copy.unknown(text) ? null : text;
    }

    private @Nullable String plain() {
        int from = at;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (at < end && bytes[at] != copy.delimiter()) {
            if (bytes[at] == '\\' && at + 1 < end) {
                at++;
                escape(out);
            } else {
                out.write(bytes[at]);
            }
            at++;
        }
        String raw = new String(bytes, from, at - from, StandardCharsets.UTF_8);
        return copy.unknown(raw) ? null : out.toString(StandardCharsets.UTF_8);
    }

    private void escape(ByteArrayOutputStream out) {
        byte b = bytes[at];
        switch (b) {
            case 'b' -> out.write('\b');
            case 'f' -> out.write('\f');
            case 'n' -> out.write('\n');
            case 'r' -> out.write('\r');
            case 't' -> out.write('\t');
            case 'v' -> out.write(0x0b);
            case 'x' -> {
                int value = digits(at + 1, 2, 16);
                if (value < 0) {
                    out.write(b);
                } else {
                    out.write(value);
                }
            }
            case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                at--;
                out.write(digits(at + 1, 3, 8));
            }
            default -> out.write(b);
        }
    }

    /** Reads up to {@code most} digits; leaves the last of them as the one read. */
    private int digits(int from, int most, int radix) {
        int value = -1;
        for (int i = from; i < end && i < from + most && Character.digit(bytes[i], radix) >= 0; i++) {
            value = Math.max(0, value) * radix + Character.digit(bytes[i], radix);
            at = i;
        }
        return value;
    }
}
