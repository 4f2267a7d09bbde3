package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.random.RandomGenerator;

/** Writes requests for a cache about random ones of so many keys. Owned by the load's event loop. */
final class CacheRequests {
    /** What is asked. */
    enum Kind {
        /** A string. */
        GET,
        /** A string. */
        SET,
        /** A field of a small hash: every second request sets, the other one gets. */
        HASH,
        /** A member of a sorted set: every second request sets its score, the other one asks for its rank. */
        ZSET,
        /** memcached's text protocol. */
        MEMCACHED_GET,
        /** memcached's text protocol. */
        MEMCACHED_SET;

        boolean memcached() {
            return this == MEMCACHED_GET || this == MEMCACHED_SET;
        }

        static Kind of(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }

    private static final int KEY_DIGITS = 9;
    private static final int FIELDS = 16;
    private static final int MEMBERS = 100;
    private static final String VALUE = "x".repeat(64);

    private final Kind kind;
    private final int keys;
    private final RandomGenerator random;
    private long count;
    private int next;

    /** {@code keys}: how many there are. */
    CacheRequests(Kind kind, int keys, RandomGenerator random) {
        this.kind = kind;
        this.keys = keys;
        this.random = random;
    }

    /** One request about a random key. */
    void write(ByteBuf to) {
        write(to, random.nextInt(keys));
    }

    /** One request about the next key, from the first on; for filling. */
    void writeNext(ByteBuf to) {
        write(to, next++);
    }

    /** Whether {@link #writeNext} has been through all keys. */
    boolean allWritten() {
        return next >= keys;
    }

    private void write(ByteBuf to, int key) {
        boolean even = (count++ & 1) == 0;
        switch (kind) {
            case GET -> command(to, "GET", key(key));
            case SET -> command(to, "SET", key(key), VALUE);
            case HASH -> {
                String field = "field:" + random.nextInt(FIELDS);
                if (even) {
                    command(to, "HSET", "h" + key(key / FIELDS), field, VALUE);
                } else {
                    command(to, "HGET", "h" + key(key / FIELDS), field);
                }
            }
            case ZSET -> {
                String member = "member:" + random.nextInt(MEMBERS);
                if (even) {
                    command(to, "ZADD", "z" + key(key / MEMBERS), Integer.toString(random.nextInt(10_000)), member);
                } else {
                    command(to, "ZRANK", "z" + key(key / MEMBERS), member);
                }
            }
            case MEMCACHED_GET -> text(to, "get " + key(key) + "\r\n");
            case MEMCACHED_SET -> text(to, "set " + key(key) + " 0 0 " + VALUE.length() + "\r\n" + VALUE + "\r\n");
        }
    }

    private static String key(int number) {
        String digits = Integer.toString(number);
        return "key:" + "0".repeat(KEY_DIGITS - digits.length()) + digits;
    }

    private static void command(ByteBuf to, String... words) {
        StringBuilder line =
                new StringBuilder(128).append('*').append(words.length).append("\r\n");
        for (String word : words) {
            line.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        text(to, line);
    }

    private static void text(ByteBuf to, CharSequence text) {
        to.writeCharSequence(text, StandardCharsets.US_ASCII);
    }
}
