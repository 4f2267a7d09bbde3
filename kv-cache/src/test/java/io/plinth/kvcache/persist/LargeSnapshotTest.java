package io.plinth.kvcache.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Collections that are written to a snapshot in parts, by the loops that serve them, while they change, go and come again. */
@Timeout(120)
class LargeSnapshotTest {
    private static final int ELEMENTS = 3_000;
    /** Beside two that much is read by. */
    private static final int GROUPS = 200;

    @TempDir
    Path folder;

    private static void fill(PersistFixture life) {
        for (int from = 0; from < ELEMENTS; from += 100) {
            StringBuilder hash = new StringBuilder("HSET hash");
            StringBuilder set = new StringBuilder("SADD set");
            StringBuilder sorted = new StringBuilder("ZADD sorted");
            StringBuilder list = new StringBuilder("RPUSH list");
            for (int i = from; i < from + 100; i++) {
                hash.append(" f").append(i).append(" v").append(i);
                set.append(" m").append(i);
                sorted.append(' ').append(i % 97).append(" m").append(i);
                list.append(" e").append(i);
            }
            life.run(hash.toString(), set.toString(), sorted.toString(), list.toString());
            life.run(list.toString().replace("list", "still"), hash.toString().replace("hash", "replaced"));
        }
        for (int i = 1; i <= ELEMENTS; i++) {
            life.run("XADD events " + i + "-1 number " + i + " text t" + i % 13);
        }
        for (String consumer : List.of("c1", "c2", "c3")) {
            life.run("XGROUP CREATE events g1 0", "XGROUP CREATE events g2 0");
            life.run("XREADGROUP GROUP g1 " + consumer + " COUNT 500 STREAMS events >");
            life.run("XREADGROUP GROUP g2 " + consumer + " COUNT 300 STREAMS events >");
        }
        for (int i = 0; i < GROUPS; i++) {
            life.run("XGROUP CREATE events m" + i + " 0", "XREADGROUP GROUP m" + i + " c1 COUNT 3 STREAMS events >");
        }
        life.run("CACHE.TAG still tag", "CACHE.TAG sorted one two");
        life.run("HPEXPIREAT hash 99999999999999 FIELDS 2 f7 f8", "PEXPIREAT set 99999999999998");
    }

    private static void change(PersistFixture life, SplittableRandom random) {
        int i = random.nextInt(2 * ELEMENTS);
        switch (random.nextInt(16)) {
            case 0, 1 -> life.run("HSET hash f" + i + " w" + i);
            case 2 -> life.run("HDEL hash f" + i);
            case 3 -> life.run("SADD set m" + i);
            case 4 -> life.run("SREM set m" + i);
            case 5 -> life.run("ZADD sorted " + i + " m" + i);
            case 6 -> life.run("ZREM sorted m" + i);
            case 7 -> life.run("LPUSH list x" + i);
            case 8 -> life.run("LPOP list");
            case 9 ->
                life.run(
                        "LSET list " + i / 4 + " y" + i,
                        "LINSERT list BEFORE e" + i + " z",
                        "LREM list 1 e" + i / 2,
                        "RPUSH list t" + i,
                        "LPUSH list a b c");
            case 10 -> life.run("HPEXPIREAT hash 99999999999999 FIELDS 1 f" + i);
            case 11 -> life.run("HSET replaced n" + i + " 1");
            case 12 -> life.run("MULTI", "HSET hash f" + i + " t", "RPUSH list t", "EXEC");
            case 13 -> life.run("CACHE.TAG list t" + i % 50);
            case 14 -> life.run("CACHE.TAG hash t" + i % 50);
            default -> {
                if (random.nextInt(40) == 0) {
                    life.run("DEL replaced", "HSET replaced a 1 b 2");
                } else if (random.nextInt(80) == 0) {
                    life.run("SUNIONSTORE set set other");
                }
            }
        }
    }

    private static void stream(PersistFixture life, SplittableRandom random) {
        int i = 1 + random.nextInt(ELEMENTS);
        String group = " g" + (1 + random.nextInt(2));
        String consumer = " c" + (1 + random.nextInt(4));
        int many = random.nextInt(GROUPS);
        switch (random.nextInt(25)) {
            case 17 ->
                life.run("XREADGROUP GROUP m" + many + " new STREAMS events >", "XGROUP DESTROY events m" + many);
            case 18 -> life.run("XGROUP CREATE events m" + many + " 7-1");
            case 19, 20 -> life.run("XREADGROUP GROUP m" + many + consumer + " COUNT 2 STREAMS events >");
            case 21 -> life.run("XACK events m" + many + " 1-1 8-1", "XGROUP DELCONSUMER events m" + many + consumer);
            case 0, 1, 2, 3, 4 -> life.run("XADD events * number " + i + " text new");
            case 5, 6 -> life.run("XDEL events " + i + "-1 " + (i + 1) + "-1");
            case 7, 8, 9 -> life.run("XREADGROUP GROUP" + group + consumer + " COUNT 3 STREAMS events >");
            case 10, 11, 12 -> life.run("XACK events" + group + " " + i + "-1 " + (i / 2) + "-1 " + (i / 3) + "-1");
            case 13 -> life.run("XCLAIM events" + group + consumer + " 0 " + i + "-1 " + (i / 2) + "-1");
            case 14 -> life.run("XADD events MAXLEN " + (ELEMENTS - 50) + " * number " + i);
            case 15 -> life.run("XTRIM events MAXLEN ~ " + (ELEMENTS - 500));
            case 16 -> life.run("MULTI", "XADD events * in unit", "XACK events" + group + " " + i + "-1", "EXEC");
            default -> {
                switch (random.nextInt(30)) {
                    case 0 -> life.run("XGROUP DESTROY events" + group, "XGROUP CREATE events" + group + " 5-1");
                    case 1 -> life.run("XGROUP DELCONSUMER events" + group + consumer);
                    case 2 -> life.run("XGROUP SETID events" + group + " " + i + "-1");
                    case 3 ->
                        life.run(
                                "XTRIM events MAXLEN 0",
                                "XSETID events 1-0",
                                "XADD events 7-1 early yes",
                                "XADD events 9-1 early yes");
                    case 4 -> life.run("DEL events", "XADD events 1-5 a b", "XGROUP CREATE events g1 0");
                    default -> life.run("XTRIM events MINID " + i / 4);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"everysec, 1", "everysec, 2", "everysec, 5", "everysec, 6", "off, 3", "off, 4"})
    void whatIsWrittenInPartsAndTheChangesSinceAgree(String journal, long seed) throws Exception {
        ScheduledExecutorService one = Executors.newSingleThreadScheduledExecutor();
        ScheduledExecutorService two = Executors.newSingleThreadScheduledExecutor();
        TreeMap<String, String> before;
        SplittableRandom random = new SplittableRandom(seed);
        try (PersistFixture life = new PersistFixture(folder, journal, false, List.of(one, two))) {
            fill(life);
            CompletableFuture<?> saved = life.persistence.save();
            assertThat(saved).isNotNull();
            if (journal.equals("off")) {
                // The last change that counts is one made before the snapshot's end, which nobody can name: none is
                // made.
                saved.get(60, TimeUnit.SECONDS);
            } else {
                while (!saved.isDone()) {
                    change(life, random);
                    stream(life, random);
                }
                saved.get(60, TimeUnit.SECONDS);
                for (int i = 0; i < 200; i++) {
                    change(life, random);
                    stream(life, random);
                }
            }
            before = life.contents();
        } finally {
            one.shutdownNow();
            two.shutdownNow();
        }
        try (PersistFixture life = new PersistFixture(folder, journal, false)) {
            assertThat(life.recovery.snapshot()).isNotNull();
            assertThat(life.recovery.damages()).isEmpty();
            TreeMap<String, String> after = life.contents();
            assertThat(after.keySet()).as("seed %d", seed).isEqualTo(before.keySet());
            before.forEach((key, value) ->
                    assertThat(after.get(key)).as("seed %d key %s", seed, key).isEqualTo(value));
        }
    }

    @Test
    void aSnapshotWhoseLoopsEndFailsAndIsReported() throws Exception {
        ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();
        try (PersistFixture life = new PersistFixture(folder, "off", false, List.of(loop))) {
            fill(life);
            loop.shutdownNow();
            CompletableFuture<?> saved = life.persistence.save();
            assertThat(saved).isNotNull();
            assertThat(saved).failsWithin(30, TimeUnit.SECONDS);
            assertThat(life.persistence.lastFailed()).isTrue();
        }
    }
}
