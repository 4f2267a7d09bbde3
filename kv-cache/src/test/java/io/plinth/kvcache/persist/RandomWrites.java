package io.plinth.kvcache.persist;

import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Seeded writes of every kind, over few keys so that they meet. */
final class RandomWrites {
    private final SplittableRandom random;
    private int transaction;
    private int number;

    RandomWrites(SplittableRandom random) {
        this.random = random;
    }

    private String key(String type) {
        return type + random.nextInt(6);
    }

    private String word() {
        return "w" + random.nextInt(12) + (random.nextInt(30) == 0 ? "x".repeat(3000) : "");
    }

    private String pick(String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** One command; null now and then for none. */
    @Nullable
    String next() {
        number++;
        if (transaction > 0 && --transaction == 0) {
            return "EXEC";
        }
        if (transaction == 0 && random.nextInt(25) == 0) {
            transaction = 2 + random.nextInt(5);
            return "MULTI";
        }
        String expiry = Long.toString(1_700_000_100_000L + random.nextInt(100_000));
        List<String> commands = List.of(
                "SET " + key("s") + " " + word(),
                "SET " + key("s") + " " + word() + " PXAT " + expiry,
                "CACHE.SET " + key("s") + " " + word() + " TAGS " + word() + " tag",
                "CACHE.TAG " + key(pick("s", "l", "h", "t", "z", "x")) + " t" + random.nextInt(9),
                random.nextInt(12) == 0 ? "CACHE.INVALIDATE t1" : "CACHE.TAG " + key("h") + " tag",
                "APPEND " + key("s") + " " + word(),
                "SETRANGE " + key("s") + " " + random.nextInt(3000) + " " + word(),
                "BITFIELD " + key("b") + " SET u8 " + random.nextInt(20_000) + " 7",
                "INCRBY n" + random.nextInt(3) + " " + random.nextInt(100),
                "INCRBYFLOAT f 0.1",
                "SETBIT " + key("b") + " " + random.nextInt(500) + " 1",
                "PFADD " + key("p") + " " + word(),
                "MSET " + key("s") + " " + word() + " " + key("s") + " " + word(),
                "RENAME " + key(pick("s", "l", "h")) + " " + key(pick("s", "l", "h")),
                "COPY " + key("h") + " " + key("h") + " REPLACE",
                "DEL " + key(pick("s", "l", "h", "t", "z", "x")),
                "PEXPIREAT " + key(pick("s", "l", "h", "t", "z", "x")) + " " + expiry,
                "PERSIST " + key(pick("s", "l", "h", "t", "z", "x")),
                "HSET " + key("h") + " " + word() + " " + word(),
                "HINCRBY " + key("h") + " count 2",
                "HPEXPIREAT " + key("h") + " " + expiry + " FIELDS 1 count",
                "HDEL " + key("h") + " " + word(),
                pick("LPUSH ", "RPUSH ") + key("l") + " " + word() + " " + word(),
                pick("LPOP ", "RPOP ") + key("l"),
                "LINSERT " + key("l") + " BEFORE " + word() + " " + word(),
                "LREM " + key("l") + " 1 " + word(),
                "LTRIM " + key("l") + " 1 8",
                "LSET " + key("l") + " 0 " + word(),
                "LMOVE " + key("l") + " " + key("l") + " LEFT RIGHT",
                "SADD " + key("t") + " " + word() + " " + random.nextInt(50),
                "SPOP " + key("t"),
                "SMOVE " + key("t") + " " + key("t") + " " + word(),
                "SUNIONSTORE " + key("t") + " " + key("t") + " " + key("t"),
                "ZADD " + key("z") + " " + random.nextInt(100) + " " + word(),
                "ZINCRBY " + key("z") + " 1.5 " + word(),
                "ZREMRANGEBYRANK " + key("z") + " 0 0",
                "ZUNIONSTORE " + key("z") + " 2 " + key("z") + " " + key("z"),
                "GEOADD " + key("g") + " " + random.nextInt(90) + " " + random.nextInt(80) + " " + word(),
                "XADD " + key("x") + " " + (1000 + number) + "-1 f " + word(),
                "XADD " + key("x") + " MAXLEN 6 " + (1000 + number) + "-2 f " + word(),
                "XDEL " + key("x") + " " + (1000 + random.nextInt(number)) + "-1",
                "XGROUP CREATE " + key("x") + " " + pick("g1", "g2") + " 0 MKSTREAM",
                "XREADGROUP GROUP " + pick("g1", "g2") + " " + pick("c1", "c2") + " COUNT 2 STREAMS " + key("x") + " >",
                "XACK " + key("x") + " g1 " + (1000 + random.nextInt(number)) + "-1",
                "XCLAIM " + key("x") + " g1 c2 0 " + (1000 + random.nextInt(number)) + "-1",
                "XGROUP DELCONSUMER " + key("x") + " g1 c1",
                "SELECT " + random.nextInt(3),
                random.nextInt(12) == 0 ? "FLUSHDB" : "SET " + key("s") + " " + word());
        return commands.get(random.nextInt(commands.size()));
    }
}
