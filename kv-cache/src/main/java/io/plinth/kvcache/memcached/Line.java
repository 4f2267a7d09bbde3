package io.plinth.kvcache.memcached;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One command line in words.
 *
 * @param words the command's name first
 */
record Line(List<String> words) {
    /** Bytes of a key. */
    static final int MAX_KEY = 250;

    private static final long MAX_UNSIGNED_DIGITS = 20;

    static Line of(byte[] buffer, int from, int to) {
        List<String> words = new ArrayList<>();
        int start = -1;
        for (int i = from; i <= to; i++) {
            boolean space = i == to || buffer[i] == ' ';
            if (!space && start < 0) {
                start = i;
            } else if (space && start >= 0) {
                words.add(new String(buffer, start, i - start, StandardCharsets.ISO_8859_1));
                start = -1;
            }
        }
        return new Line(words);
    }

    int count() {
        return words.size();
    }

    String word(int i) {
        return words.get(i);
    }

    String name() {
        return words.isEmpty() ? "" : words.getFirst();
    }

    /** Whether nothing is read after it: {@code quit}, or somebody speaks HTTP (a page that has a browser send commands), as memcached has it. */
    boolean last() {
        return name().equals("quit")
                || (!words.isEmpty()
                        && words.getLast().startsWith("HTTP/")
                        && name().chars().allMatch(letter -> letter >= 'A' && letter <= 'Z'));
    }

    /** Whether the last word asks for no answer. */
    boolean silent() {
        return count() > 1 && words.getLast().equals("noreply");
    }

    /** The key at a word, or null where it is too long. */
    byte @Nullable [] key(int i) {
        String word = words.get(i);
        return word.length() > MAX_KEY ? null : word.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A key in base64, or null where it is not right. */
    byte @Nullable [] decodedKey(int i) {
        try {
            byte[] key = Base64.getDecoder().decode(words.get(i));
            return key.length == 0 || words.get(i).length() > MAX_KEY ? null : key;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** A number of 64 bits without a sign, or null. */
    static @Nullable Long unsigned(String text) {
        if (text.isEmpty()
                || text.length() > MAX_UNSIGNED_DIGITS
                || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return null;
        }
        try {
            return Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** A number of 32 bits with a sign, or null. */
    static @Nullable Integer number(String text) {
        try {
            return text.startsWith("+") ? null : Integer.valueOf(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
