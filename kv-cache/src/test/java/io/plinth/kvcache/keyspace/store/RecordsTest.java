package io.plinth.kvcache.keyspace.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordsTest {
    private final Region region = new Region();
    private final Records records = new Records(region, new Slabs(region), new KeyHash(1));

    /** What a record is expected to be like. */
    private static final class Model {
        private byte[] value = new byte[0];
        private long expireAt = Records.NEVER;
        private int touched;
        private int flags;
        private long cas;
        private int bits;
        private boolean fetched;
        private int handle;

        /** It has another value. */
        void renewed(Records records) {
            records.marks().clear(handle);
            flags = 0;
            cas = 0;
            bits = 0;
            fetched = false;
        }
    }

    private static int length(SplittableRandom random) {
        return switch (random.nextInt(10)) {
            case 0 -> random.nextInt(random.nextInt(4) == 0 ? 60_000 : 6_000);
            case 1 -> 2_000 + random.nextInt(100);
            default -> random.nextInt(120);
        };
    }

    private static long expiry(SplittableRandom random) {
        return switch (random.nextInt(4)) {
            case 0 -> Records.NEVER;
            case 1 -> random.nextLong(1L << 62);
            default -> random.nextLong(1L << 42);
        };
    }

    private static byte[] bytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Few hashes, so that many keys share one. */
    private static int hash(String key) {
        return (key.hashCode() & 63) * 0x9E3779B9;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void keepWhatTheyAreGivenWhateverIsChangedAmongThem(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, Model> models = new HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            String name = "k".repeat(random.nextInt(50) == 0 ? 300 : 1 + random.nextInt(30)) + random.nextInt(40);
            byte[] key = name.getBytes(ISO_8859_1);
            int db = name.length() & 15;
            int handle = records.find(hash(name), db, key, 0, key.length);
            Model model = models.get(name);
            assertThat(handle).as(name).isEqualTo(model == null ? 0 : model.handle);
            if (model == null) {
                model = new Model();
                model.value = bytes(random, length(random));
                model.handle = records.addString(
                        hash(name), db, i & 0x3fff, key, 0, key.length, model.value, 0, model.value.length);
                models.put(name, model);
            } else {
                change(random, name, model, models);
            }
            check(name, model, models);
        }
        assertThat(records.size()).isEqualTo(models.size());
        Set<Integer> seen = new HashSet<>();
        records.forEach(place -> seen.add(Records.handle(place)));
        assertThat(seen).hasSameSizeAs(models.entrySet());
        models.forEach((name, model) -> check(name, model, models));
    }

    private void change(SplittableRandom random, String name, Model model, Map<String, Model> models) {
        switch (random.nextInt(8)) {
            case 0 -> {
                records.remove(hash(name), model.handle);
                models.remove(name);
            }
            case 1 -> {
                model.expireAt = expiry(random);
                model.handle = records.expireAt(hash(name), model.handle, model.expireAt);
            }
            case 2 -> {
                model.touched = random.nextInt();
                records.uses().used(model.handle, model.touched);
                records.strings().form(model.handle, StringForm.SUM);
            }
            case 3, 4 -> {
                int at = random.nextInt(model.value.length + 40);
                byte[] part = bytes(random, random.nextInt(6) == 0 ? 800 : random.nextInt(9));
                model.value = Arrays.copyOf(model.value, Math.max(model.value.length, at + part.length));
                System.arraycopy(part, 0, model.value, at, part.length);
                model.handle = records.put(hash(name), model.handle, at, part, random.nextBoolean());
                assertThat(records.strings().part(model.handle, at, part.length))
                        .isEqualTo(part);
                records.growing()
                        .trim(
                                model.touched + random.nextInt(4),
                                (hash, handle, delta) -> assertThat(delta).isNegative());
                model.renewed(records);
            }
            case 5, 6 -> {
                model.flags = random.nextInt(3) == 0 ? 0 : random.nextInt() >>> random.nextInt(Integer.SIZE);
                model.cas = random.nextBoolean() ? 0 : random.nextLong();
                model.bits = random.nextInt(4);
                model.handle = records.marks().set(hash(name), model.handle, model.flags, model.cas, model.bits);
                model.fetched = random.nextBoolean();
                records.marks().fetched(model.handle, model.fetched);
            }
            default -> {
                model.value = bytes(random, length(random));
                byte[] around = Arrays.copyOf(model.value, model.value.length + 3);
                model.handle = records.string(hash(name), model.handle, around, 0, model.value.length);
                model.renewed(records);
            }
        }
    }

    private void check(String name, Model model, Map<String, Model> models) {
        if (models.get(name) != model) {
            return;
        }
        assertThat(records.strings().copy(model.handle)).isEqualTo(model.value);
        assertThat(records.strings().length(model.handle)).isEqualTo(model.value.length);
        ByteBuf written = Unpooled.buffer(model.value.length);
        records.strings().write(model.handle, written);
        assertThat(ByteBufUtil.getBytes(written)).isEqualTo(model.value);
        assertThat(records.expireAt(model.handle)).isEqualTo(model.expireAt);
        assertThat(records.uses().touched(model.handle)).isEqualTo(model.touched);
        ItemMarks marks = records.marks();
        assertThat(marks.flags(model.handle)).isEqualTo(model.flags);
        assertThat(marks.cas(model.handle)).isEqualTo(model.cas);
        assertThat(marks.bits(model.handle)).isEqualTo(model.bits);
        assertThat(marks.fetched(model.handle)).isEqualTo(model.fetched);
        assertThat(new String(records.keys().copy(model.handle), ISO_8859_1)).isEqualTo(name);
        byte[] into = new byte[records.keys().length(model.handle) + 1];
        records.keys().read(model.handle, into, 1);
        assertThat(new String(into, 1, into.length - 1, ISO_8859_1)).isEqualTo(name);
    }

    @Test
    void aRecordThatFindsNoOtherPlaceStaysAsItWas() {
        Region small = new Region(3 << 20);
        Records few = new Records(small, new Slabs(small), new KeyHash(1));
        byte[] name = "k".getBytes(ISO_8859_1);
        int inline = few.addString(1, 0, 0, name, 0, 1, new byte[20], 0, 20);
        inline = few.expireAt(1, inline, 1_800_000_000_000L);
        // Without its expiry it would have a size that no page has places of.
        inline = few.string(1, inline, new byte[12], 0, 12);
        byte[] large = new byte[3_000];
        int onHeap = few.addString(2, 0, 0, name, 0, 1, large, 0, large.length);
        int[] i = {100};
        assertThatThrownBy(() -> {
                    while (true) {
                        few.addString(i[0]++, 0, 0, name, 0, 1, new byte[2_000], 0, 2_000);
                    }
                })
                .hasMessageContaining("memory");
        int first = inline;

        assertThatThrownBy(() -> few.expireAt(1, first, Records.NEVER)).hasMessageContaining("memory");
        assertThat(few.expireAt(inline)).isEqualTo(1_800_000_000_000L);
        assertThat(few.strings().copy(inline)).isEqualTo(new byte[12]);
        assertThatThrownBy(() -> few.string(2, onHeap, new byte[700], 0, 700)).hasMessageContaining("memory");
        assertThat(few.strings().copy(onHeap)).isEqualTo(large);
        few.remove(2, onHeap);
    }

    @Test
    void aCollectionThatFindsNoOtherPlaceGoesToTheHeapWithAllItsElements() {
        Region small = new Region(3 << 20);
        KeyHash hasher = new KeyHash(1);
        Records few = new Records(small, new Slabs(small), hasher);
        byte[] name = "k".getBytes(ISO_8859_1);
        SortedSetValue sorted = new SortedSetValue(hasher);
        for (int i = 0; i < 20; i++) {
            sorted.put(("member" + i).getBytes(ISO_8859_1), i, Packing.DEFAULT);
        }
        int handle = few.addCollection(1, 0, 0, name, 0, 1, sorted);
        int[] i = {100};
        assertThatThrownBy(() -> {
                    while (true) {
                        few.addString(i[0]++, 0, 0, name, 0, 1, new byte[2_000], 0, 2_000);
                    }
                })
                .hasMessageContaining("memory");

        // The longer score is put in after the member was taken out of its place.
        for (int k = 0; k < 20; k++) {
            sorted.put(("member" + k).getBytes(ISO_8859_1), k + 1 / 3.0, Packing.DEFAULT);
            handle = few.changed(1, handle, sorted);
        }

        assertThat(few.collection(handle)).isSameAs(sorted);
        assertThat(few.bytes(handle)).isGreaterThan(400);
        assertThat(sorted.size()).isEqualTo(20);
        assertThat(sorted.score("member19".getBytes(ISO_8859_1))).isEqualTo(19 + 1 / 3.0);
        few.remove(1, handle);
    }

    @Test
    void placesOfRemovedOnesAreUsedAgain() {
        long resident = 0;
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 5_000; i++) {
                byte[] key = ("k" + i).getBytes(ISO_8859_1);
                records.addString(i, 0, 0, key, 0, key.length, new byte[300 + round * 64], 0, 300 + round * 64);
            }
            resident = round == 0 ? region.resident() : resident;
            for (int i = 0; i < 5_000; i++) {
                byte[] key = ("k" + i).getBytes(ISO_8859_1);
                records.remove(i, records.find(i, 0, key, 0, key.length));
            }
        }
        // The last round's values are five times as long as the first's.
        assertThat(region.resident()).isLessThan(6 * resident);
        assertThat(records.size()).isZero();
    }

    /** A day's churn of values that change their size, seven of eight removed each time: what stays pins no page. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void pagesDoNotCreepWhileSizesChange(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Slabs slabs = new Slabs(region);
        Records churned = new Records(region, slabs, new KeyHash(1));
        Map<String, Integer> kept = new HashMap<>();
        for (int round = 0; round < 40; round++) {
            int length = 40 + random.nextInt(600);
            for (int i = 0; i < 4_000; i++) {
                String name = round + ":" + i;
                byte[] key = name.getBytes(ISO_8859_1);
                churned.addString(name.hashCode(), 0, 0, key, 0, key.length, bytes(random, length), 0, length);
                kept.put(name, length);
            }
            kept.keySet().removeIf(name -> {
                boolean goes = random.nextInt(8) > 0;
                byte[] key = name.getBytes(ISO_8859_1);
                if (goes) {
                    int hash = name.hashCode();
                    churned.remove(hash, churned.find(hash, 0, key, 0, key.length));
                }
                return goes;
            });
            for (int tick = 0; tick < 1_500; tick++) {
                slabs.lookAgain();
                churned.compact();
            }
        }
        assertThat(churned.size()).isEqualTo(kept.size());
        kept.forEach((name, length) -> {
            byte[] key = name.getBytes(ISO_8859_1);
            int handle = churned.find(name.hashCode(), 0, key, 0, key.length);
            assertThat(churned.strings().length(handle)).as(name).isEqualTo(length);
        });
        // Of each of some thirty sizes three pages may be open.
        assertThat(region.inUse()).as("seed %d", seed).isLessThan(slabs.bytes() * 5 / 4 + 100 * Region.PAGE);
        assertThat(region.resident()).as("seed %d", seed).isLessThan(6 << 20);
    }

    @Test
    void aSmallStringTakesAtMost32BytesMoreThanKeyAndValueAnd40WithAnExpiry() {
        int keys = 100_000;
        long without = 0;
        long with = 0;
        for (int i = 0; i < keys; i++) {
            byte[] key = "key:%09d".formatted(i).getBytes(ISO_8859_1);
            int hash = i * 0x9E3779B9;
            int length = 20 + i % 80;
            int handle = records.addString(hash, 0, 0, key, 0, key.length, new byte[length], 0, length);
            without += records.bytes(handle) - key.length - length;
            handle = records.expireAt(hash, handle, 1_800_000_000_000L);
            with += records.bytes(handle) - key.length - length;
        }
        assertThat(without / (double) keys).isLessThan(32);
        assertThat(with / (double) keys).isLessThan(40);
    }

    /** Over key and value, of strings of all lengths: what was read costs nothing, flags as many bytes as they need and one, a CAS number eight. */
    @Test
    void whatMemcachedsClientsKnowCostsLittle() {
        double plain = overhead(0, 0);
        assertThat(overhead(5, 0) - plain).isBetween(1.5, 2.5);
        assertThat(overhead(0x10000, 0) - plain).isBetween(4.5, 5.5);
        assertThat(overhead(0, 1L << 60) - plain).isBetween(8.5, 9.5);
        assertThat(overhead(0x10000, 1L << 60)).isLessThan(45);
    }

    private double overhead(int flags, long cas) {
        int keys = 20_000;
        long sum = 0;
        for (int i = 0; i < keys; i++) {
            byte[] key = "key:%09d:%d:%d".formatted(i, flags, cas & 1).getBytes(ISO_8859_1);
            int hash = i * 0x9E3779B9;
            int length = 20 + i % 80;
            int handle = records.addString(hash, 0, 0, key, 0, key.length, new byte[length], 0, length);
            records.marks().fetched(handle, true);
            handle = records.marks().set(hash, handle, flags, cas, 0);
            sum += records.bytes(handle) - key.length - length;
        }
        return sum / (double) keys;
    }

    /** Room of a mark that a change left empty is given up by the next value. */
    @Test
    void aMarkThatSaysNothingIsGivenUp() {
        byte[] key = {'k'};
        int handle = records.addString(1, 0, 0, key, 0, 1, new byte[25], 0, 25);
        long plain = records.bytes(handle);
        handle = records.marks().set(1, handle, 1 << 20, 77, ItemMarks.STALE);
        assertThat(records.bytes(handle)).isGreaterThan(plain);
        records.marks().clear(handle);
        handle = records.string(1, handle, new byte[25], 0, 25);
        assertThat(records.bytes(handle)).isEqualTo(plain);
        assertThat(records.strings().copy(handle)).isEqualTo(new byte[25]);
        assertThat(records.find(1, 0, key, 0, 1)).isEqualTo(handle);
    }

    @Test
    void evictsByS3FifoAndPutsAGhostThatReturnsIntoTheMainQueue() {
        S3Fifo fifo = new S3Fifo(records);
        int first = add("a", 1);
        int second = add("b", 2);
        fifo.added(1, first);
        fifo.added(2, second);
        assertThat(Records.handle(fifo.victim())).isEqualTo(first);
        fifo.removed(first);
        records.remove(1, first);

        int again = add("a", 1);
        fifo.added(1, again);

        assertThat(records.uses().queue(again)).isEqualTo(Uses.MAIN);
        assertThat(Records.handle(fifo.victim())).isEqualTo(second);
    }

    private int add(String name, int hash) {
        byte[] key = name.getBytes(ISO_8859_1);
        return records.addString(hash, 0, 0, key, 0, key.length, new byte[10], 0, 10);
    }

    @Test
    void keysAddedAndRemovedOverAndOverLeaveNoTrailInTheQueue() {
        S3Fifo fifo = new S3Fifo(records);
        int kept = add("kept", 7);
        fifo.added(7, kept);
        for (int i = 0; i < 100_000; i++) {
            int handle = add("gone", 9);
            fifo.added(9, handle);
            fifo.removed(handle);
            records.remove(9, handle);
        }
        assertThat(fifo.hashes()).isLessThan(1_000);
        assertThat(Records.handle(fifo.victim())).isEqualTo(kept);
    }

    @Test
    void aRecordThatTwoPlacesAreMissingForStaysWhereItIs() {
        Region small = new Region(3 << 20);
        Slabs slabs = new Slabs(small);
        Records few = new Records(small, slabs, new KeyHash(1));
        byte[] name = "k".getBytes(ISO_8859_1);
        byte[] value = new byte[Slabs.MOST - Layout.HEAD - 1];
        Arrays.fill(value, (byte) 7);
        int full = few.addString(1, 0, 0, name, 0, 1, value, 0, value.length);
        // There is a place for a record that names its string, but none for one with an expiry.
        few.addString(2, 0, 0, name, 0, 1, new byte[2], 0, 2);
        int[] i = {100};
        assertThatThrownBy(() -> {
                    while (true) {
                        few.addString(i[0]++, 0, 0, name, 0, 1, new byte[2_000], 0, 2_000);
                    }
                })
                .hasMessageContaining("memory");
        few.remove(100, few.find(100, 0, name, 0, 1));
        long taken = slabs.bytes();
        long accounted = few.bytes(full);

        assertThatThrownBy(() -> few.expireAt(1, full, 1_800_000_000_000L)).hasMessageContaining("memory");
        assertThat(few.find(1, 0, name, 0, 1)).isEqualTo(full);
        assertThat(few.bytes(full)).isEqualTo(accounted);
        assertThat(few.strings().copy(full)).isEqualTo(value);
        assertThat(few.expireAt(full)).isEqualTo(Records.NEVER);
        assertThat(slabs.bytes()).isEqualTo(taken);
    }
}
