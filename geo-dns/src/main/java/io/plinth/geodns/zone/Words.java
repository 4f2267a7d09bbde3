package io.plinth.geodns.zone;

import io.netty.util.NetUtil;
import io.plinth.geodns.wire.Name;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Owned by one parser: the words of one entry, read one after the other as what a record's grammar asks for. */
final class Words {
    private static final String SECONDS = "seconds, or numbers with s, m, h, d, w as in 1h30m";

    private static final int IPV6_OCTETS = 16;

    private final List<ZoneLexer.Token> tokens;
    private final Name origin;
    private int next;

    Words(List<ZoneLexer.Token> tokens, int from, Name origin) {
        this.tokens = tokens;
        this.next = from;
        this.origin = origin;
    }

    boolean hasNext() {
        return next < tokens.size();
    }

    String peek() {
        return hasNext() ? tokens.get(next).text() : "";
    }

    boolean nextIsQuoted() {
        return hasNext() && tokens.get(next).quoted();
    }

    String word(String what) {
        if (!hasNext()) {
            throw new IllegalArgumentException(what + ": missing (expected: one more value)");
        }
        return tokens.get(next++).text();
    }

    void end() {
        if (hasNext()) {
            throw new IllegalArgumentException("value: " + peek() + " (expected: the end of the record)");
        }
    }

    Name name(String what) {
        return Name.parse(word(what), origin);
    }

    int number(String what, int max) {
        String word = word(what);
        int value = decimal(word);
        if (value < 0 || value > max) {
            throw new IllegalArgumentException(what + ": " + word + " (expected: 0 to " + max + ")");
        }
        return value;
    }

    /** A serial number: any 32 bits. */
    int serial() {
        String word = word("serial");
        try {
            return Integer.parseUnsignedInt(word);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("serial: " + word + " (expected: 0 to 4294967295)", e);
        }
    }

    /** Digits of at most 31 bits, or -1. */
    private static int decimal(String word) {
        long value = 0;
        for (int i = 0; i < word.length(); i++) {
            int digit = word.charAt(i) - '0';
            value = value * 10 + digit;
            if (digit < 0 || digit > 9 || value > Integer.MAX_VALUE) {
                return -1;
            }
        }
        return word.isEmpty() ? -1 : (int) value;
    }

    int seconds(String what) {
        String word = word(what);
        int value = seconds(what, word);
        if (value < 0) {
            throw new IllegalArgumentException(what + ": " + word + " (expected: " + SECONDS + ")");
        }
        return value;
    }

    /** Seconds as RFC 2308 TTLs and BIND write them; -1 for a word that is no such thing. */
    static int seconds(String what, String word) {
        long total = 0;
        long number = 0;
        boolean digits = false;
        boolean units = false;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c >= '0' && c <= '9') {
                number = Math.min(number * 10 + (c - '0'), Integer.MAX_VALUE + 1L);
                digits = true;
                continue;
            }
            int unit = unit(c);
            if (unit == 0 || !digits) {
                return -1;
            }
            total += number * unit;
            number = 0;
            digits = false;
            units = true;
        }
        if (!digits && !units) {
            return -1;
        }
        total += number;
        if (total > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(what + ": " + word + " (expected: at most 2147483647 seconds)");
        }
        return (int) total;
    }

    private static int unit(char c) {
        return switch (c) {
            case 's', 'S' -> 1;
            case 'm', 'M' -> 60;
            case 'h', 'H' -> 3_600;
            case 'd', 'D' -> 86_400;
            case 'w', 'W' -> 604_800;
            default -> 0;
        };
    }

    byte[] ipv4() {
        String word = word("address");
        if (!NetUtil.isValidIpV4Address(word)) {
            throw new IllegalArgumentException("address: " + word + " (expected: an IPv4 address such as 192.0.2.1)");
        }
        return address(word);
    }

    byte[] ipv6() {
        String word = word("address");
        byte[] octets = word.indexOf(':') < 0 || word.indexOf('%') >= 0 || word.indexOf('[') >= 0
                ? null
                : NetUtil.createByteArrayFromIpAddressString(word);
        if (octets == null || octets.length != IPV6_OCTETS) {
            octets = mixed(word);
        }
        return octets;
    }

    /** RFC 4291 section 2.2: {@code 2001:db8::192.0.2.1}, which Netty knows for a few prefixes only. */
    private static byte[] mixed(String word) {
        int colon = word.lastIndexOf(':');
        if (colon >= 0 && NetUtil.isValidIpV4Address(word.substring(colon + 1))) {
            byte[] tail = address(word.substring(colon + 1));
            String plain = "%s:%x:%x"
                    .formatted(
                            word.substring(0, colon),
                            ((tail[0] & 0xFF) << 8) | (tail[1] & 0xFF),
                            ((tail[2] & 0xFF) << 8) | (tail[3] & 0xFF));
            if (NetUtil.isValidIpV6Address(plain)) {
                return address(plain);
            }
        }
        throw new IllegalArgumentException("address: " + word + " (expected: an IPv6 address such as 2001:db8::1)");
    }

    private static byte[] address(String word) {
        byte[] octets = NetUtil.createByteArrayFromIpAddressString(word);
        if (octets == null) {
            throw new IllegalArgumentException("address: " + word + " (expected: an IP address)");
        }
        return octets;
    }

    /** A character string of at most 255 octets, its escapes resolved. */
    byte[] string(String what) {
        byte[] octets = unescaped(what);
        if (octets.length > 255) {
            throw new IllegalArgumentException(
                    what + ": " + octets.length + " octets (expected: at most 255; split it into several strings)");
        }
        return octets;
    }

    /** A character string of any length, its escapes resolved. */
    byte[] unescaped(String what) {
        return unescaped(what, word(what));
    }

    static byte[] unescaped(String what, String word) {
        byte[] out = new byte[word.length()];
        int length = 0;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (c == '\\') {
                if (i + 3 < word.length() && Character.isDigit(word.charAt(i + 1))) {
                    int value = decimal(word.substring(i + 1, i + 4));
                    if (value < 0 || value > 255) {
                        throw new IllegalArgumentException(
                                what + ": " + word + " (expected: escapes of \\000 to \\255)");
                    }
                    out[length++] = (byte) value;
                    i += 3;
                    continue;
                }
                if (++i == word.length()) {
                    throw new IllegalArgumentException(what + ": " + word + " (expected: a character after \\)");
                }
                c = word.charAt(i);
            }
            out[length++] = (byte) c;
        }
        return Arrays.copyOf(out, length);
    }

    /** The generic form of RFC 3597 section 5 after its {@code \#}: a length and that many octets in hex. */
    byte[] generic() {
        int length = number("length", 0xFFFF);
        StringBuilder hex = new StringBuilder();
        while (hasNext()) {
            hex.append(word("data"));
        }
        if (hex.length() != length * 2) {
            throw new IllegalArgumentException(
                    "data: " + hex.length() + " hex digits (expected: " + length * 2 + ", two for each octet)");
        }
        try {
            return java.util.HexFormat.of().parseHex(hex);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("data: " + hex + " (expected: hex digits)", e);
        }
    }

    /** Hex digits to the end of the entry. */
    byte[] hex() {
        StringBuilder hex = new StringBuilder();
        do {
            hex.append(word("data"));
        } while (hasNext());
        try {
            return java.util.HexFormat.of().parseHex(hex);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("data: " + hex + " (expected: hex digits, two for each octet)", e);
        }
    }

    /** A character string in quotes, with escapes for what would read otherwise. */
    static String quote(byte[] octets, int from, int end) {
        StringBuilder text = new StringBuilder(end - from + 2).append('"');
        for (int i = from; i < end; i++) {
            int octet = octets[i] & 0xFF;
            if (octet < ' ' || octet >= 0x7F) {
                text.append('\\').append((char) ('0' + octet / 100));
                text.append((char) ('0' + octet / 10 % 10)).append((char) ('0' + octet % 10));
            } else {
                text.append(octet == '"' || octet == '\\' ? "\\" : "").append((char) octet);
            }
        }
        return text.append('"').toString();
    }

    static String latin(byte[] octets) {
        return new String(octets, StandardCharsets.ISO_8859_1);
    }
}
