package io.plinth.geodns.wire;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Names as text (RFC 1035 section 5.1): dots between labels, {@code \X} and {@code \DDD} for what would read otherwise. */
final class NameText {
    private final String text;
    private final byte[] out;
    private int length = 1;
    private int labelStart;

    private NameText(String text) {
        this.text = text;
        // No text is shorter than its name by more than the first length and the root.
        this.out = new byte[Math.min(Name.MAX_LENGTH, text.length() + 2)];
    }

    static Name parse(String text, @Nullable Name origin) {
        if (text.equals(".")) {
            return Name.ROOT;
        }
        if (text.equals("@") && origin != null) {
            return origin;
        }
        return new NameText(text).parse(origin);
    }

    private Name parse(@Nullable Name origin) {
        if (text.isEmpty()) {
            throw bad("a domain name");
        }
        boolean absolute = false;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '.') {
                endLabel();
                absolute = at == text.length() - 1;
            } else if (c == '\\') {
                int decimal = decimal(at + 1);
                if (decimal >= 0) {
                    append(decimal);
                    at += 3;
                } else if (at + 1 < text.length()) {
                    append(text.charAt(++at));
                } else {
                    throw bad("a character after the backslash");
                }
            } else {
                append(c);
            }
        }
        if (absolute || origin == null) {
            if (!absolute) {
                endLabel();
            }
            return Name.trusted(Arrays.copyOf(out, length));
        }
        endLabel();
        return join(origin);
    }

    private Name join(Name origin) {
        if (length - 1 + origin.length() > Name.MAX_LENGTH) {
            throw bad("at most " + Name.MAX_LENGTH + " octets with its origin " + origin);
        }
        byte[] wire = Arrays.copyOf(out, length - 1 + origin.length());
        System.arraycopy(origin.octets(), 0, wire, length - 1, origin.length());
        return Name.trusted(wire);
    }

    private void append(int octet) {
        if (octet > 0xFF) {
            throw bad("ASCII; write an international name in its xn-- form");
        }
        if (length + 1 >= Name.MAX_LENGTH) {
            throw bad("at most " + Name.MAX_LENGTH + " octets");
        }
        out[length++] = (byte) octet;
    }

    private void endLabel() {
        int size = length - labelStart - 1;
        if (size == 0 || size > Name.MAX_LABEL) {
            throw bad("labels of 1 to " + Name.MAX_LABEL + " octets");
        }
        out[labelStart] = (byte) size;
        labelStart = length;
        out[length++] = 0;
    }

    /** The three digits from {@code at}, or -1 where there are none. */
    private int decimal(int at) {
        if (at + 3 > text.length()) {
            return -1;
        }
        int value = 0;
        for (int i = at; i < at + 3; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        if (value > 0xFF) {
            throw bad("escapes of \\000 to \\255");
        }
        return value;
    }

    private IllegalArgumentException bad(String expected) {
        return new IllegalArgumentException("name: " + text + " (expected: " + expected + ")");
    }

    static String format(byte[] wire) {
        if (wire[0] == 0) {
            return ".";
        }
        StringBuilder text = new StringBuilder(wire.length + 8);
        for (int at = 0; wire[at] != 0; at += wire[at] + 1) {
            for (int i = at + 1; i <= at + wire[at]; i++) {
                int octet = wire[i] & 0xFF;
                if (octet <= ' ' || octet >= 0x7F) {
                    text.append('\\').append((char) ('0' + octet / 100));
                    text.append((char) ('0' + octet / 10 % 10)).append((char) ('0' + octet % 10));
                } else {
                    if (".\\\"();@$".indexOf(octet) >= 0) {
                        text.append('\\');
                    }
                    text.append((char) octet);
                }
            }
            text.append('.');
        }
        return text.toString();
    }
}
