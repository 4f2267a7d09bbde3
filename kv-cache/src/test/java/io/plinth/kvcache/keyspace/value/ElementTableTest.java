package io.plinth.kvcache.keyspace.value;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kvcache.keyspace.memory.ByteLog;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ElementTableTest {
    private final NativeBlocks blocks = new NativeBlocks();
    private final KeyHash hasher = new KeyHash(7);

    @AfterEach
    void close() {
        blocks.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(ISO_8859_1);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }

    private static String value(SplittableRandom random) {
        int length = random.nextInt(200) == 0
                ? random.nextInt(40_000)
                : random.nextInt(20) == 0 ? random.nextInt(300) : random.nextInt(24);
        return Character.toString('a' + random.nextInt(26)).repeat(length);
    }

    private static int find(ElementTable table, String member) {
        byte[] in = bytes("<" + member + ">");
        return table.find(in, 1, in.length - 2);
    }

    private static void check(ElementTable table, Map<String, String> model) {
        assertThat(table.size()).isEqualTo(model.size());
        Map<String, String> seen = new LinkedHashMap<>();
        for (int i = 0; i < table.positions(); i++) {
            if (table.has(i)) {
                seen.put(text(table.member(i)), text(table.value(i)));
                assertThat(table.valueLength(i)).isEqualTo(table.value(i).length);
            }
        }
        assertThat(List.copyOf(seen.entrySet())).isEqualTo(List.copyOf(model.entrySet()));
    }

    /** The references of the last go over the largest one; the bytes go between arrays and native memory and move. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void behavesAsAnOrderedMapWhereverItsBytesAre(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ElementTable table = new ElementTable(hasher, true, new ByteLog(seed == 3 ? -50_000 : 100));
        Map<String, String> model = new LinkedHashMap<>();
        for (int i = 0; i < 30_000; i++) {
            int kinds = i / 10_000 == 1 ? 60 : 3_000;
            String member = "member-" + random.nextInt(kinds);
            int position = find(table, member);
            assertThat(position >= 0).isEqualTo(model.containsKey(member));
            String value = value(random);
            if (position < 0) {
                assertThat(find(table, member + "x")).isEqualTo(-1);
                position = table.add(bytes(member), bytes(value));
                table.number(position, i);
                model.put(member, value);
            } else if (random.nextInt(3) == 0 || i / 10_000 == 1) {
                assertThat(text(table.value(position))).isEqualTo(model.get(member));
                table.remove(position);
                model.remove(member);
            } else {
                table.value(position, bytes(value));
                model.put(member, value);
            }
            switch (random.nextInt(400)) {
                case 0 -> table.log().leave();
                case 1, 2 -> table.log().settle(blocks);
                case 3 -> table.log().compact();
                case 4 -> check(table, model);
                case 5 -> check(table.copy(), model);
                default -> {
                    // On with the next.
                }
            }
        }
        check(table, model);
        table.log().settle(blocks);
        check(table, model);
        assertThat(blocks.bytes()).isPositive().isLessThanOrEqualTo(table.bytes());
        table.log().moving();
        table.log().leave();
        table.log().release();
        check(table, model);
        assertThat(blocks.bytes()).isPositive();
        table.log().settle(blocks);
        table.log().release();
        assertThat(blocks.bytes()).as("seed %d", seed).isZero();
        assertThatThrownBy(() -> table.member(table.positions() - 1)).isInstanceOf(RuntimeException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 2_000, 40_000})
    void whatIsOfNobodyIsLittleHoweverOftenValuesChange(int members) {
        SplittableRandom random = new SplittableRandom(members);
        ElementTable table = new ElementTable(hasher, true);
        table.log().settle(blocks);
        for (int i = 0; i < members * 6; i++) {
            byte[] member = bytes("member-" + random.nextInt(members));
            byte[] value = new byte[random.nextInt(40)];
            int position = table.find(member, 0, member.length);
            if (position < 0) {
                table.add(member, value);
            } else {
                table.value(position, value);
            }
        }
        long live = 0;
        for (int i = 0; i < table.positions(); i++) {
            live += table.has(i) ? table.member(i).length + table.value(i).length + 2 : 0;
        }
        assertThat(blocks.bytes()).isLessThan(live + live / 2 + ByteLog.PAGE);
        Random chance = new Random(1);
        while (table.size() > 5) {
            table.remove(table.random(chance));
        }
        assertThat(blocks.bytes()).isLessThan(3L * ByteLog.PAGE);
        assertThat(table.bytes()).isLessThan(4L * ByteLog.PAGE);
    }

    /** What does not move would be read where it was. */
    @Test
    void aScanSeesAllThatStayWhileOthersComeAndGo() {
        ElementTable table = new ElementTable(hasher, false);
        table.log().settle(blocks);
        Set<String> staying = new TreeSet<>();
        for (int i = 0; i < 2_000; i++) {
            table.add(bytes("stays" + i), null);
            staying.add("stays" + i);
        }
        Set<String> seen = new TreeSet<>();
        SplittableRandom random = new SplittableRandom(5);
        long cursor = 0;
        do {
            cursor = table.scan(cursor, position -> seen.add(text(table.member(position))));
            for (int i = 0; i < 6; i++) {
                String other = "other" + random.nextInt(4_000);
                int position = find(table, other);
                if (position < 0) {
                    table.add(bytes(other), null);
                } else {
                    table.remove(position);
                }
            }
        } while (cursor != 0);
        assertThat(seen).containsAll(staying);
    }

    @Test
    void stayAsTheyWereWhereThereIsNoRoom() {
        ElementTable table = new ElementTable(hasher, true);
        Map<String, String> model = new LinkedHashMap<>();
        for (int i = 0; i < 300; i++) {
            table.add(bytes("member-" + i), bytes("value-" + i));
            model.put("member-" + i, "value-" + i);
        }
        blocks.left = 3;
        table.log().settle(blocks);
        assertThat(blocks.bytes()).isZero();
        check(table, model);
        blocks.left = Long.MAX_VALUE;
        table.log().settle(blocks);
        blocks.left = 0;
        long before = table.bytes();
        assertThatThrownBy(() -> table.add(bytes("other"), new byte[50_000])).isInstanceOf(NoRoomException.class);
        assertThatThrownBy(() -> table.value(7, new byte[50_000])).isInstanceOf(NoRoomException.class);
        blocks.left = 2;
        assertThatThrownBy(() -> table.value(8, new byte[50_000])).isInstanceOf(NoRoomException.class);
        assertThat(table.bytes()).isEqualTo(before);
        check(table, model);
        blocks.left = 0;
        for (int i = 0; i < 250; i++) {
            table.remove(find(table, "member-" + i));
            model.remove("member-" + i);
        }
        check(table, model);
        table.log().release();
        assertThat(blocks.bytes()).isZero();
    }
}
