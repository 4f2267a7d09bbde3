package io.plinth.kvcache.memcached;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A meta command's flags: single letters, some with a token right behind.
 *
 * @param order as they were given
 * @param tokens by their letters
 */
record MetaLine(byte[] key, String shown, List<Character> order, Map<Character, String> tokens) {
    private static final String KNOWN = "NTRDJCFMOSIbcfhklqstuv";
    private static final int MAX_OPAQUE = 32;

    /** The flags from a word on; a String of what is wrong where they are not right. */
    static Object of(Line line, int from) {
        List<Character> order = new ArrayList<>();
        Map<Character, String> tokens = new HashMap<>();
        for (int i = from; i < line.count(); i++) {
            String word = line.word(i);
            char flag = word.charAt(0);
            if (KNOWN.indexOf(flag) < 0) {
                return "CLIENT_ERROR invalid flag";
            }
            if (tokens.putIfAbsent(flag, word.substring(1)) != null) {
                return "CLIENT_ERROR duplicate flag";
            }
            order.add(flag);
            if (flag == 'O' && word.length() - 1 > MAX_OPAQUE) {
                return "CLIENT_ERROR opaque token too long";
            }
        }
        byte[] key = tokens.containsKey('b') ? line.decodedKey(1) : line.key(1);
        if (key == null) {
            return tokens.containsKey('b') && line.word(1).length() <= 250
                    ? "CLIENT_ERROR error decoding key"
                    : Replies.BAD_LINE;
        }
        return new MetaLine(key, line.word(1), order, tokens);
    }

    boolean has(char flag) {
        return tokens.containsKey(flag);
    }

    String token(char flag) {
        String token = tokens.get(flag);
        return token == null ? "" : token;
    }

    /** A token of seconds; null where there is none such. */
    @Nullable
    Integer seconds(char flag) {
        return has(flag) ? Line.number(token(flag)) : null;
    }

    /** A token of 64 bits without a sign; null where there is none such. */
    @Nullable
    Long number(char flag) {
        return has(flag) ? Line.unsigned(token(flag)) : null;
    }

    /** Whether each of these, where given, is a number. */
    boolean numbers(String flags) {
        for (int i = 0; i < flags.length(); i++) {
            char flag = flags.charAt(i);
            boolean time = flag == 'T' || flag == 'N' || flag == 'R';
            if (has(flag) && (time ? seconds(flag) == null : number(flag) == null)) {
                return false;
            }
        }
        return true;
    }

    /** What every answer repeats. */
    void echo(StringBuilder text, char flag) {
        switch (flag) {
            case 'O' -> text.append(" O").append(token('O'));
            case 'k' -> text.append(" k").append(shown).append(has('b') ? " b" : "");
            default -> {}
        }
    }

    /** What is wrong with a line that stores, of which this came; null for nothing. */
    static @Nullable String problem(Line line, Object parsed) {
        if (line.count() < 3) {
            return line.count() < 2 ? Replies.ERROR : Replies.BAD_LINE;
        }
        Integer length = Line.number(line.word(2));
        if (length == null || length < 0 || length > StoringLine.MOST_BYTES) {
            return Replies.BAD_LINE;
        }
        return parsed instanceof MetaLine ? null : String.valueOf(parsed);
    }
}
