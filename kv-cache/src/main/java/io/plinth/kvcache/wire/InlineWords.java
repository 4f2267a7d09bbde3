package io.plinth.kvcache.wire;

/** The words of an inline command, with Redis's quotes and escapes; unescaped in place, which only shortens them. */
final class InlineWords {
    private InlineWords() {}

    /** Adds the words between {@code from} and {@code to}; answers false when quotes do not balance. */
    static boolean split(byte[] bytes, int from, int to, int base, Args args) {
        int i = from;
        while (true) {
            while (i < to && space(bytes[i])) {
                i++;
            }
            if (i == to) {
                return true;
            }
            int out = i;
            int word = i;
            while (i < to && !space(bytes[i])) {
                byte quote = bytes[i];
                if (quote != '"' && quote != '\'') {
                    bytes[out++] = bytes[i++];
                    continue;
                }
                i++;
                while (i < to && bytes[i] != quote) {
                    if (bytes[i] == '\\' && quote == '"' && hex(bytes, i, to)) {
                        bytes[out++] = (byte) (digit(bytes[i + 2]) << 4 | digit(bytes[i + 3]));
                        i += 4;
                    } else if (bytes[i] == '\\' && i + 1 < to && (quote == '"' || bytes[i + 1] == '\'')) {
                        bytes[out++] = quote == '"' ? escape(bytes[i + 1]) : bytes[i + 1];
                        i += 2;
                    } else {
                        bytes[out++] = bytes[i++];
                    }
                }
                // A closing quote ends its word.
                if (i == to || (i + 1 < to && !space(bytes[i + 1]))) {
                    return false;
                }
                i++;
            }
            args.add(word - base, out - word);
        }
    }

    private static boolean hex(byte[] bytes, int i, int to) {
        return i + 3 < to && bytes[i + 1] == 'x' && digit(bytes[i + 2]) >= 0 && digit(bytes[i + 3]) >= 0;
    }

    private static int digit(byte b) {
        return Character.digit(b & 0xff, 16);
    }

    private static byte escape(byte b) {
        return switch (b) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'b' -> '\b';
            case 'a' -> 7;
            default -> b;
        };
    }

    private static boolean space(byte b) {
        return b == ' ' || (b >= '\t' && b <= '\r') || b == 0;
    }
}
