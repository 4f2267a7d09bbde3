package io.plinth.kvcache.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/**
 * Random commands, right and wrong ones, over few keys, so that they meet. Left out: what depends on chance or on the moment
 * it runs (TTL of a relative expiry, RANDOMKEY), and hashes so large that Redis's order is its own.
 */
final class CommandStream {
    private static final String[] KEYS = {"a", "b", "c", "d", "{t}e", "{t}f", "", "key with space\r\n"};
    private static final String[] FIELDS = {"f", "g", "h", "i", "", "field\0"};
    private static final String[] VALUES = {
        "",
        "0",
        "1",
        "-1",
        "7",
        "42",
        "3.5",
        "1e3",
        "0.1",
        "abc",
        "9223372036854775807",
        "-9223372036854775808",
        "007",
        " 1",
        "v\r\nw",
        "a value longer than the forty-four bytes of an embedded string",
        "\u00ff\u0000x"
    };
    private static final String[] NUMBERS = {
        "0", "1", "-1", "2", "5", "100", "-100", "9223372036854775807", "x", "", "1.5"
    };
    /** Redis keeps a key that is SET with an expiry in the past until somebody looks; here it is gone at once. */
    private static final String[] FAR = {"4000000000000", "4000000000001", "5000000000000", "-1", "0"};

    private static final String[] TIMES = {"4000000000", "4000000001", "5000000000", "1", "-1", "0"};

    /** One form of a command: words as they stand, or K key, F field, V value, N number, T time, S time to come, O option. */
    private static final String[] FORMS = {
        "GET K",
        "SET K V",
        "SET K V O",
        "SET K V O O",
        "SET K V EXAT S",
        "SET K V PXAT S O",
        "SETNX K V",
        "GETSET K V",
        "GETDEL K",
        "GETEX K",
        "GETEX K PERSIST",
        "GETEX K EXAT T",
        "MGET K K K",
        "MSET K V K V",
        "MSETNX K V K V",
        "MSET K V K",
        "APPEND K V",
        "STRLEN K",
        "GETRANGE K N N",
        "SUBSTR K N N",
        "SETRANGE K N V",
        "INCR K",
        "DECR K",
        "INCRBY K N",
        "DECRBY K N",
        "INCRBYFLOAT K V",
        "HSET K F V",
        "HSET K F V F V",
        "HSET K F",
        "HMSET K F V",
        "HSETNX K F V",
        "HGET K F",
        "HMGET K F F F",
        "HGETALL K",
        "HDEL K F",
        "HDEL K F F",
        "HLEN K",
        "HEXISTS K F",
        "HKEYS K",
        "HVALS K",
        "HSTRLEN K F",
        "HINCRBY K F N",
        "HINCRBYFLOAT K F V",
        "HSCAN K 0",
        "HSCAN K 0 COUNT 100",
        "HRANDFIELD K 0",
        "DEL K",
        "DEL K K",
        "UNLINK K",
        "EXISTS K K",
        "TOUCH K K",
        "TYPE K",
        "EXPIREAT K T",
        "PEXPIREAT K T",
        "EXPIREAT K T O",
        "EXPIRE K N BAD",
        "EXPIRETIME K",
        "PEXPIRETIME K",
        "PERSIST K",
        "RENAME K K",
        "RENAMENX K K",
        "COPY K K",
        "COPY K K REPLACE",
        "COPY K K O",
        "OBJECT ENCODING K",
        "OBJECT REFCOUNT",
        "DBSIZE",
        "KEYS *",
        "KEYS [a-c]*",
        "SCAN 0 COUNT 1000",
        "SCAN 0 COUNT 1000 TYPE hash",
        "SCAN 0 MATCH ? COUNT 1000",
        "SCAN abc",
        "SCAN 0 COUNT BAD",
        "MULTI",
        "EXEC",
        "DISCARD",
        "WATCH K",
        "UNWATCH",
        "EXEC",
        "PING",
        "PING V",
        "ECHO V",
        "SELECT 0",
        "SELECT N",
        "SELECT 0",
        "GET",
        "GET K K",
        "NOSUCH K V",
        "no\r\nsuch V",
        "OBJECT NOSUCH K",
        "CLIENT NOSUCH",
        "CONFIG NOSUCH",
        "PUBLISH K V",
        "PUBSUB NUMPAT",
        "PUBSUB NUMSUB K",
        "TIME N",
        "CLUSTER INFO",
        "READONLY",
        "CLIENT GETNAME",
        "CLIENT SETNAME F",
        "CLIENT GETNAME",
        "AUTH V",
        "HELLO V",
        "FLUSHALL O",
        "FLUSHDB"
    };

    /** Members and elements: L, M, Z and X stand for keys of one type, # for a small number, D a score, B a bound, Y an edge. */
    private static final String[] WORDS = {
        "a",
        "b",
        "c",
        "d",
        "e",
        "one",
        "two",
        "three",
        "1",
        "2",
        "3",
        "-7",
        "100000",
        "",
        "x y",
        "\u00e9\u0000",
        "a member longer than the sixty-four bytes that still are packed in a small set or hash"
    };

    private static final String[] IDS = {
        "0",
        "0-0",
        "0-1",
        "1",
        "1-1",
        "1-2",
        "2-1",
        "2-*",
        "3-*",
        "3",
        "3-5",
        "4-0",
        "5",
        "5-*",
        "6-1",
        "7-*",
        "8",
        "9-9",
        "10-*",
        "12",
        "18446744073709551615-18446744073709551614",
        "x",
        "1-x",
        "-",
        "",
        "1-2-3"
    };

    private static final String[] SMALL = {
        "0", "1", "2", "3", "-1", "-2", "-3", "5", "10", "-100", "100", "x", "1.5", ""
    };

    private static final String[] SCORES = {
        "0", "1", "2", "3", "-1", "1.5", "0.1", "1e10", "100", "inf", "-inf", "+inf", "nan", "x", "3.25", "-0.5",
        "1e400", "0x10"
    };
    private static final String[] BOUNDS = {
        "-inf", "+inf", "inf", "0", "1", "(1", "(2", "3", "(0.1", "100", "(-1", "x", "(", "", "nan", "(inf"
    };
    private static final String[] EDGES = {"-", "+", "[a", "(a", "[c", "(c", "[one", "(two", "[", "(", "x", "", "--"};

    private static final String[] UNITS = {"m", "km", "KM", "ft", "mi", "m", "km", "furlong"};
    private static final String[] SHOWN = {"WITHDIST", "WITHHASH", "WITHCOORD", "withdist"};
    private static final String[] OPTIONS = {"NX", "XX", "GT", "LT", "GET", "KEEPTTL", "nx", "xx", "REPLACE", "BAD"};

    private final SplittableRandom random;
    private final String[] forms;

    /** Commands on strings, hashes and the connection. */
    CommandStream(SplittableRandom random) {
        this(random, FORMS);
    }

    /** Commands of these forms, and a few of the others between. */
    CommandStream(SplittableRandom random, String[] forms) {
        this.random = random;
        this.forms = forms;
    }

    List<String> next() {
        String[] chosen = random.nextInt(6) == 0 ? FORMS : forms;
        String form = chosen[random.nextInt(chosen.length)];
        if (form.startsWith("FLUSH") && random.nextInt(10) > 0) {
            form = "GET K";
        }
        List<String> words = new ArrayList<>();
        for (String word : form.split(" ", -1)) {
            words.add(
                    switch (word) {
                        case "K" -> pick(KEYS);
                        case "F" -> pick(FIELDS);
                        case "V" -> pick(VALUES);
                        case "N" -> pick(NUMBERS);
                        case "T" -> pick(TIMES);
                        case "S" -> pick(FAR);
                        case "O" -> pick(OPTIONS);
                        case "L", "M", "Z", "X", "Q" -> word + random.nextInt(4);
                        case "P" -> "p" + random.nextInt(4);
                        case "E" -> "element " + random.nextInt(100_000);
                        case "G" -> "{t}g" + random.nextInt(3);
                        case "LON" -> degrees(180);
                        case "LAT" -> degrees(85.05);
                        case "U" -> pick(UNITS);
                        case "R" -> Long.toString((long) Math.pow(10, random.nextDouble(7)));
                        case "WITH" -> pick(SHOWN);
                        case "I" -> pick(IDS);
                        case "(I" -> "(" + pick(IDS);
                        case "H" -> random.nextInt(8) == 0 ? "h" : "g";
                        case "C" -> random.nextBoolean() ? "one" : "two";
                        case "W" -> pick(WORDS);
                        case "#" -> pick(SMALL);
                        case "D" -> pick(SCORES);
                        case "B" -> pick(BOUNDS);
                        case "Y" -> pick(EDGES);
                        case "SIDE" -> random.nextBoolean() ? "LEFT" : "right";
                        default -> random.nextInt(4) == 0 ? word.toLowerCase(Locale.ROOT) : word;
                    });
        }
        // A database other than the first would hide what was stored.
        return words.getFirst().equalsIgnoreCase("select") && words.get(1).matches("1|2|5") ? List.of("PING") : words;
    }

    /** Mostly near each other, so that searches find something; seldom at an edge. */
    private String degrees(double most) {
        double degrees = random.nextInt(3) == 0 ? random.nextDouble(-most, most) : random.nextDouble(10, 14);
        return random.nextInt(40) == 0 ? "0" : Double.toString(degrees);
    }

    private String pick(String[] from) {
        return from[random.nextInt(from.length)];
    }

    /** Whether the reply's order is the server's own. */
    static boolean unordered(List<String> command) {
        String name = command.getFirst().toUpperCase(Locale.ROOT);
        // Sets as they lie in memory.
        boolean asItLies =
                name.startsWith("SORT") && command.size() > 3 && command.get(3).equalsIgnoreCase("nosort");
        return UNORDERED.contains(name) || (asItLies && command.get(1).startsWith("M"));
    }

    /** The reply without what depends on the moment it was made. */
    static String masked(List<String> command, String reply) {
        return command.getFirst().equalsIgnoreCase("XINFO")
                ? MOMENT.matcher(reply).replaceAll(":now\r\n")
                : reply;
    }

    /** Milliseconds since 1970, and for how long a consumer was not heard. */
    private static final Pattern MOMENT = Pattern.compile("(?<=idle\r\n):\\d+\r\n|:1\\d{12}\r\n");

    private static final java.util.Set<String> UNORDERED = java.util.Set.of(
            "KEYS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SPOP", "SRANDMEMBER", "ZRANDMEMBER", "COMMAND");
}
