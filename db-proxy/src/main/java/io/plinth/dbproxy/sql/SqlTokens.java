package io.plinth.dbproxy.sql;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tokens of one string of SQL, in order, as kinds and byte positions. */
public final class SqlTokens {
    public static final byte WORD = 1;
    public static final byte QUOTED = 2;
    public static final byte STRING = 3;
    public static final byte ESCAPED_STRING = 4;
    public static final byte OPAQUE = 5;
    public static final byte DOLLAR = 6;
    public static final byte INTEGER = 7;
    public static final byte DECIMAL = 8;
    public static final byte PARAMETER = 9;
    public static final byte OPERATOR = 10;
    public static final byte OPEN = 11;
    public static final byte SHUT = 12;
    public static final byte COMMA = 13;
    public static final byte SEMICOLON = 14;
    public static final byte DOT = 15;
    public static final byte CAST = 16;
    public static final byte OTHER = 17;

    private static final @Nullable String[] NO_NAMES = {};
    private static final byte[] HINT = "plinth:".getBytes(StandardCharsets.US_ASCII);

    private final byte[] sql;
    private byte[] kinds = new byte[32];
    /** Each word's {@link #trait}, as the number of its bit. */
    private byte[] traits = new byte[32];

    private int[] starts = new int[32];
    private int[] ends = new int[32];
    private int count;
    /** What {@link #name} has been asked for, as planning asks for the same ones again and again. */
    private @Nullable String[] names = NO_NAMES;

    private @Nullable String hint;
    /** The {@link #trait} of every word. */
    private long words;

    /** What {@link #mentions} was asked last, as planning asks it again and again. */
    private @Nullable Map<String, ?> searched;

    private int[] mentions = {};

    private boolean literalsRead;
    private @Nullable IdentityHashMap<Object, int[]> derived;

    public SqlTokens(byte[] sql) {
        this.sql = sql;
    }

    public void add(byte kind, int start, int end) {
        if (count == kinds.length) {
            kinds = Arrays.copyOf(kinds, 2 * count);
            traits = Arrays.copyOf(traits, 2 * count);
            starts = Arrays.copyOf(starts, 2 * count);
            ends = Arrays.copyOf(ends, 2 * count);
        }
        if (kind == WORD) {
            int trait = trait(end - start, lower(sql[start]), lower(sql[end - 1]));
            traits[count] = (byte) trait;
            words |= 1L << trait;
        }
        kinds[count] = kind;
        starts[count] = start;
        ends[count] = end;
        count++;
    }

    /** A comment without its marks; one that begins with {@code plinth:} is for the proxy. */
    void comment(int start, int end) {
        int from = start;
        while (from < end && sql[from] == ' ') {
            from++;
        }
        if (end - from > HINT.length && Arrays.equals(sql, from, from + HINT.length, HINT, 0, HINT.length)) {
            String text = new String(sql, from + HINT.length, end - from - HINT.length, StandardCharsets.UTF_8);
            hint = hint == null ? text : hint + " " + text;
        }
    }

    /** What the comments for the proxy say, or null. */
    public @Nullable String hint() {
        return hint;
    }

    public int count() {
        return count;
    }

    public byte kind(int i) {
        return i >= 0 && i < count ? kinds[i] : 0;
    }

    public int start(int i) {
        literalsRead = true;
        return starts[i];
    }

    public int end(int i) {
        literalsRead = true;
        return ends[i];
    }

    /**
     * Whether a literal's text or a position in the source was asked for. If not, whatever was made of these tokens is the same
     * for every text of the same {@link TokenShape}.
     */
    public boolean literalsRead() {
        return literalsRead;
    }

    /**
     * Says that {@code made} is what the literals from token {@code from} to token {@code to} stand for, and that nothing else
     * was made of them; {@code readBefore} is what {@link #literalsRead} was before they were read.
     */
    public void derives(Object made, int from, int to, boolean readBefore) {
        IdentityHashMap<Object, int[]> all = derived == null ? new IdentityHashMap<>() : derived;
        derived = all;
        all.put(made, new int[] {from, to});
        literalsRead = readBefore;
    }

    /** How much {@link #derives} has named. */
    public int derived() {
        return derived == null ? 0 : derived.size();
    }

    /** The tokens that {@link #derives} named for it, or null. */
    public int @Nullable [] origin(Object made) {
        return derived == null ? null : derived.get(made);
    }

    byte[] sql() {
        return sql;
    }

    int from(int i) {
        return starts[i];
    }

    int to(int i) {
        return ends[i];
    }

    /** Whether the token is this keyword or unquoted name; {@code word} in lower case. */
    public boolean is(int i, String word) {
        return kind(i) == WORD && spells(i, word);
    }

    /** False when no token is this word, as can be told without looking at them; {@code word} in lower case and of ASCII. */
    public boolean mayHave(String word) {
        return (words & (1L << trait(word.length(), word.charAt(0), word.charAt(word.length() - 1)))) != 0;
    }

    /** A number below 64 for a word's length and ends. */
    private static int trait(int length, int first, int last) {
        return (31 * length + 7 * first + last) & 63;
    }

    /** The traits of all these names, a bit for each. */
    public static long traits(Iterable<String> names) {
        long all = 0;
        for (String name : names) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            all |= bytes.length == 0 ? 0 : 1L << trait(bytes.length, bytes[0], bytes[bytes.length - 1]);
        }
        return all;
    }

    /** Keywords or unquoted names, in lower case, that tokens are held against. */
    public static final class Words {
        private final Set<String> words;
        private final long traits;

        private Words(Set<String> words) {
            this.words = words;
            this.traits = traits(words);
        }

        public static Words of(String... words) {
            return new Words(Set.of(words));
        }
    }

    /** Whether the token is one of these words. */
    public boolean isOneOf(int i, Words words) {
        return kind(i) == WORD && ((words.traits >>> traits[i]) & 1) != 0 && words.words.contains(name(i));
    }

    /** Whether the name of the token begins so; {@code start} in lower case and of ASCII. */
    public boolean begins(int i, String start) {
        if (kind(i) != WORD) {
            return name(i).startsWith(start);
        }
        boolean begins = ends[i] - starts[i] >= start.length();
        for (int k = 0; begins && k < start.length(); k++) {
            begins = lower(sql[starts[i] + k]) == start.charAt(k);
        }
        return begins;
    }

    /**
     * The tokens that may name one of these: {@code name.column} names a column, and {@code U&"..."} may spell any name.
     *
     * @param traits of the names
     */
    public int[] mentions(Map<String, ?> names, long traits) {
        if (searchedFor(names)) {
            return mentions;
        }
        int[] found = new int[4];
        int size = 0;
        for (int i = 0; i < count; i++) {
            boolean mentioned = switch (kinds[i]) {
                case OPAQUE -> sql[ends[i] - 1] == '"';
                case WORD -> ((traits >>> this.traits[i]) & 1) != 0 && kind(i + 1) != DOT && names.containsKey(name(i));
                case QUOTED -> kind(i + 1) != DOT && names.containsKey(name(i));
                default -> false;
            };
            if (mentioned) {
                found = size == found.length ? Arrays.copyOf(found, 2 * size) : found;
                found[size++] = i;
            }
        }
        mentions = Arrays.copyOf(found, size);
        searched = names;
        return mentions;
    }

    /** The same where they may have been asked for before. */
    public int[] mentions(Map<String, ?> names) {
        return searchedFor(names) ? mentions : mentions(names, traits(names.keySet()));
    }

    /** The same map: to compare what is in it would take longer than to search. */
    @SuppressWarnings("ReferenceEquality")
    private boolean searchedFor(Map<String, ?> names) {
        return searched == names;
    }

    private boolean spells(int i, String word) {
        if (ends[i] - starts[i] != word.length()) {
            return false;
        }
        for (int k = 0; k < word.length(); k++) {
            if (lower(sql[starts[i] + k]) != word.charAt(k)) {
                return false;
            }
        }
        return true;
    }

    public boolean isOperator(int i, String text) {
        return kind(i) == OPERATOR && spells(i, text);
    }

    /** The name that a word or quoted identifier stands for, as PostgreSQL folds it; empty for any other token. */
    public String name(int i) {
        if (!isName(i)) {
            return "";
        }
        if (i >= names.length) {
            names = Arrays.copyOf(names, kinds.length);
        }
        String known = names[i];
        if (known == null) {
            known = read(i);
            names[i] = known;
        }
        return known;
    }

    /** Lets go of names that were read, for tokens that are kept. */
    public void forgetNames() {
        names = NO_NAMES;
        searched = null;
        mentions = new int[0];
    }

    private String read(int i) {
        return switch (kind(i)) {
            case WORD -> {
                byte[] folded = Arrays.copyOfRange(sql, starts[i], ends[i]);
                for (int k = 0; k < folded.length; k++) {
                    folded[k] = lower(folded[k]);
                }
                yield new String(folded, StandardCharsets.UTF_8);
            }
            case QUOTED ->
                new String(sql, starts[i] + 1, ends[i] - starts[i] - 2, StandardCharsets.UTF_8).replace("\"\"", "\"");
            default -> "";
        };
    }

    public boolean isName(int i) {
        return kind(i) == WORD || kind(i) == QUOTED;
    }

    /** The value of a plain string literal. */
    public String value(int i) {
        literalsRead = true;
        return new String(sql, starts[i] + 1, ends[i] - starts[i] - 2, StandardCharsets.UTF_8).replace("''", "'");
    }

    /** The source text from token {@code from} to token {@code to}, the latter not included. */
    public String source(int from, int to) {
        literalsRead = true;
        return from >= to ? "" : new String(sql, starts[from], ends[to - 1] - starts[from], StandardCharsets.UTF_8);
    }

    public String text(int i) {
        literalsRead |= TokenShape.isLiteral(kinds[i]);
        return new String(sql, starts[i], ends[i] - starts[i], StandardCharsets.UTF_8);
    }

    /**
     * The same for texts that differ in literals, parameters, blanks, comments and the case of words only; lists of
     * literals count as one. FNV-1a over the tokens.
     */
    public long fingerprint() {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < count; i++) {
            if (masked(i)) {
                if (!continues(i)) {
                    hash = (hash ^ '?') * 0x100000001b3L;
                }
            } else if (kinds[i] != COMMA || !masked(i + 1) || !masked(i - 1)) {
                for (int k = starts[i]; k < ends[i]; k++) {
                    hash = (hash ^ (kinds[i] == WORD ? lower(sql[k]) : sql[k])) * 0x100000001b3L;
                }
                hash = (hash ^ ' ') * 0x100000001b3L;
            }
        }
        return hash == 0 ? 1 : hash;
    }

    /** What {@link #fingerprint} stands for, in a form that shows no value. */
    public String maskedText(int longest) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count && text.length() < longest; i++) {
            if (masked(i)) {
                text.append(continues(i) ? "" : text.isEmpty() ? "?" : " ?");
            } else if (kinds[i] != COMMA || !masked(i + 1) || !masked(i - 1)) {
                boolean tight = kinds[i] == COMMA || kinds[i] == SHUT || kinds[i] == DOT || kinds[i] == SEMICOLON;
                boolean after = kind(i - 1) == OPEN || kind(i - 1) == DOT;
                text.append(text.isEmpty() || tight || after ? "" : " ").append(kinds[i] == WORD ? name(i) : text(i));
            }
        }
        return text.length() > longest ? text.substring(0, longest) : text.toString();
    }

    private boolean masked(int i) {
        return switch (kind(i)) {
            case STRING, ESCAPED_STRING, DOLLAR, INTEGER, DECIMAL, PARAMETER -> true;
            // U&"..." is a name.
            case OPAQUE -> sql[ends[i] - 1] != '"';
            default -> false;
        };
    }

    /** Whether it is a further one of a list. */
    private boolean continues(int i) {
        return kind(i - 1) == COMMA && masked(i - 2);
    }

    private static byte lower(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b + 32) : b;
    }
}
