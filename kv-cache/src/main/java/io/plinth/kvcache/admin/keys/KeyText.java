package io.plinth.kvcache.admin.keys;

import java.util.HexFormat;

/** Keys as text that tells any two of them apart: what is not printable ASCII as {@code \\xNN}. */
final class KeyText {
    private static final HexFormat HEX = HexFormat.of();

    private KeyText() {}

    static String of(byte[] key) {
        return of(key, key.length);
    }

    /** The first {@code length} bytes. */
    static String of(byte[] key, int length) {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            byte each = key[i];
            if (each < ' ' || each > '~' || each == '\\') {
                text.append("\\x").append(HEX.toHexDigits(each));
            } else {
                text.append((char) each);
            }
        }
        return text.toString();
    }
}
