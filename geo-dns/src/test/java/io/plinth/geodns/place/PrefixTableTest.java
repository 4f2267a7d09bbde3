package io.plinth.geodns.place;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixTableTest {
    private record Entry(byte[] address, int prefix, int value) {}

    @Test
    void anEmptyTableKnowsNothingAtNoDepth() {
        assertThat(new PrefixTable.Builder().build().find(new byte[4], 0)).isZero();
    }

    @Test
    void likeNeighboursAreOneWiderPrefix() {
        PrefixTable.Builder builder = new PrefixTable.Builder();
        builder.put(new byte[] {10, 0, 0, 0}, 9, 1);
        builder.put(new byte[] {10, (byte) 128, 0, 0}, 10, 1);
        builder.put(new byte[] {10, (byte) 192, 0, 0}, 10, 1);
        PrefixTable table = builder.build();
        assertThat(table.find(new byte[] {10, 1, 2, 3}, 0)).isEqualTo((1 << 8) | 8);
        assertThat(table.find(new byte[] {10, (byte) 200, 2, 3}, 0)).isEqualTo((1 << 8) | 8);
        assertThat(table.find(new byte[] {11, 0, 0, 0}, 0) >>> 8).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 16})
    void everyLookupIsThatOfALinearSearchAndHoldsForItsWholePrefix(int width) {
        SplittableRandom random = new SplittableRandom(width);
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            entries.add(new Entry(address(random, width), 1 + random.nextInt(width == 4 ? 32 : 64), random.nextInt(5)));
        }
        entries.sort(java.util.Comparator.comparingInt(Entry::prefix));
        PrefixTable.Builder builder = new PrefixTable.Builder();
        entries.forEach(entry -> builder.put(entry.address(), entry.prefix(), entry.value()));
        PrefixTable table = builder.build();
        for (int i = 0; i < 20_000; i++) {
            byte[] address = address(random, width);
            int found = table.find(address, 0);
            assertThat(found >>> 8).isEqualTo(linear(entries, address));
            byte[] neighbour = address(random, width);
            copyBits(address, neighbour, found & 0xFF);
            assertThat(table.find(neighbour, 0)).isEqualTo(found);
        }
    }

    /** Few distinct values for each octet, so that prefixes meet. */
    private static byte[] address(SplittableRandom random, int width) {
        byte[] address = new byte[width];
        for (int i = 0; i < width; i++) {
            address[i] = (byte) (random.nextInt(4) << (random.nextBoolean() ? 6 : 0));
        }
        return address;
    }

    private static int linear(List<Entry> entries, byte[] address) {
        int value = 0;
        for (Entry entry : entries) {
            byte[] masked = address.clone();
            copyBits(entry.address(), masked, entry.prefix());
            if (java.util.Arrays.equals(masked, address)) {
                value = entry.value();
            }
        }
        return value;
    }

    private static void copyBits(byte[] from, byte[] to, int bits) {
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >>> (bit & 7);
            to[bit >>> 3] = (byte) ((to[bit >>> 3] & ~mask) | (from[bit >>> 3] & mask));
        }
    }
}
