package io.plinth.kvcache.keyspace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.plinth.kvcache.wire.Lasting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LongStringsTest {
    private final Region region = new Region();
    private final Slabs slabs = new Slabs(region);
    private final LongStrings strings = new LongStrings(region, slabs);

    private static byte[] bytes(SplittableRandom random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** As many of each magnitude. */
    private static int length(SplittableRandom random, int most) {
        return (int) Math.exp(random.nextDouble(Math.log(most)));
    }

    private byte[] all(LongString string) {
        byte[] all = new byte[string.length()];
        strings.read(string, 0, all, 0, all.length);
        return all;
    }

    private void check(LongString string, byte[] model) {
        assertThat(all(string)).isEqualTo(model);
        ByteBuf written = Unpooled.buffer(model.length);
        strings.write(string, written);
        assertThat(ByteBufUtil.getBytes(written)).isEqualTo(model);
        assertThat(string.room).isGreaterThanOrEqualTo(model.length);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void keepWhatTheyAreGivenWhateverIsChangedAmongThem(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<LongString> made = new ArrayList<>();
        List<byte[]> models = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            int which = random.nextInt(30);
            if (which >= made.size()) {
                byte[] model = bytes(random, length(random, 200_000));
                made.add(strings.make(model, 0, model.length));
                models.add(model);
                continue;
            }
            LongString string = made.get(which);
            byte[] model = models.get(which);
            switch (random.nextInt(6)) {
                case 0 -> {
                    strings.free(string);
                    made.remove(which);
                    models.remove(which);
                }
                case 1 -> {
                    byte[] around = bytes(random, length(random, 200_000) + 3);
                    models.set(which, Arrays.copyOfRange(around, 2, around.length - 1));
                    strings.set(string, around, 2, around.length - 3);
                }
                case 2, 3 -> {
                    int at = random.nextInt(model.length + random.nextInt(1, 20_000));
                    byte[] part = bytes(random, random.nextInt(3_000));
                    byte[] next = Arrays.copyOf(model, Math.max(model.length, at + part.length));
                    System.arraycopy(part, 0, next, at, part.length);
                    models.set(which, next);
                    strings.put(string, at, part, random.nextBoolean());
                }
                case 4 -> strings.trim(string);
                default -> {
                    slabs.lookAgain();
                    strings.compact(string);
                }
            }
            if (which < made.size()) {
                check(made.get(which), models.get(which));
            }
        }
        for (int i = 0; i < made.size(); i++) {
            check(made.get(i), models.get(i));
        }
        assertThat(slabs.bytes())
                .isLessThanOrEqualTo(made.stream().mapToLong(LongString::taken).sum());
        made.forEach(strings::free);
        assertThat(slabs.bytes()).as("seed %d", seed).isZero();
    }

    @Test
    void whatIsPutBehindTheEndHasZerosBeforeItAlsoWherePlacesWereUsedBefore() {
        byte[] ones = new byte[300_000];
        Arrays.fill(ones, (byte) 1);
        strings.free(strings.make(ones, 0, ones.length));
        LongString string = strings.make(ones, 0, 3_000);
        strings.put(string, 200_000, new byte[] {1}, false);
        byte[] expected = new byte[200_001];
        Arrays.fill(expected, 0, 3_000, (byte) 1);
        expected[200_000] = 1;
        assertThat(all(string)).isEqualTo(expected);
    }

    @Test
    void takeLittleMoreThanTheirBytes() {
        for (int length = 2_000; length < 600_000; length += 1 + length / 97) {
            LongString string = strings.make(new byte[length], 0, length);
            assertThat(string.taken()).as("%d", length).isBetween((long) length, length + length / 16 + 200L);
            assertThat(string.chunks.length).as("%d", length).isLessThanOrEqualTo(4 + length / Region.PAGE);
            strings.free(string);
        }
    }

    @Test
    void oneThatFindsNoPlaceStaysAsItWasAndKeepsNothingElse() {
        Region small = new Region(3 << 20);
        Slabs few = new Slabs(small);
        LongStrings tight = new LongStrings(small, few);
        byte[] model = bytes(new SplittableRandom(1), 50_000);
        LongString string = tight.make(model, 0, model.length);
        long before = few.bytes();
        assertThatThrownBy(() -> tight.set(string, new byte[4 << 20], 0, 4 << 20))
                .hasMessageContaining("memory");
        assertThatThrownBy(() -> tight.put(string, 4 << 20, new byte[1], true)).hasMessageContaining("memory");
        assertThatThrownBy(() -> tight.joined(model, 4 << 20, new byte[1], true))
                .hasMessageContaining("memory");
        assertThat(few.bytes()).isEqualTo(before);
        byte[] kept = new byte[model.length];
        tight.read(string, 0, kept, 0, kept.length);
        assertThat(kept).isEqualTo(model);
    }

    /** A day's churn: as many bytes all the time, in strings whose usual length wanders from 2 KiB to 200 and back. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void pagesDoNotCreepWhileLengthsChange(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] source = new byte[1 << 20];
        List<LongString> kept = new ArrayList<>();
        long most = 32L << 20;
        long taken = 0;
        for (int round = 0; round < 24 * 16; round++) {
            int usual = 2_100 << ((round / 16) * 5 & 7);
            for (long written = 0; written < most / 16; written += usual) {
                int length = usual / 2 + random.nextInt(usual);
                LongString string = strings.make(source, 0, length);
                taken += string.taken();
                kept.add(string);
                while (taken > most) {
                    int goes = random.nextInt(kept.size());
                    LongString last = kept.removeLast();
                    LongString gone = goes == kept.size() ? last : kept.set(goes, last);
                    taken -= gone.taken();
                    strings.free(gone);
                }
            }
            slabs.lookAgain();
            kept.forEach(strings::compact);
        }
        // Of each of some twenty sizes a few pages may be open.
        assertThat(region.inUse()).as("seed %d", seed).isLessThan(most * 9 / 8);
        assertThat(region.resident()).as("seed %d", seed).isLessThan(most * 5 / 4);
    }

    /** Readers that are never all done at once keep no page that only those have who are done, nor does one that stalls. */
    @Test
    void pagesComeBackWhileOtherViewsAreOpen() {
        byte[] zeros = new byte[2 << 20];
        LongString string = strings.make(zeros, 0, zeros.length);
        Lasting stalled = viewOf(string);
        Lasting last = viewOf(string);
        long before = slabs.bytes();
        strings.put(string, Region.PAGE - 1, new byte[] {1, 1}, false);
        assertThat(slabs.bytes()).as("what is written to is copied").isEqualTo(before + 2 * Region.PAGE);
        for (int i = 0; i < 1_000; i++) {
            Lasting next = viewOf(string);
            last.release();
            strings.put(string, i % 7 * Region.PAGE, new byte[] {(byte) (i | 1)}, false);
            last = next;
        }
        assertThat(slabs.bytes()).isLessThan(before + 20 * Region.PAGE);
        byte[] seen = new byte[zeros.length];
        stalled.read(0, seen, 0, seen.length);
        assertThat(Arrays.equals(seen, zeros)).isTrue();
        stalled.release();
        last.release();
        assertThat(slabs.bytes()).isEqualTo(before);
    }

    private Lasting viewOf(LongString string) {
        return java.util.Objects.requireNonNull(strings.view(string, 0, string.length()));
    }

    /** Views see what was, strings what is, and pages come back when both are done with them. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void viewsKeepWhatTheStringWas(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long before = slabs.bytes();
        byte[] model = bytes(random, 3 << 20);
        LongString string = strings.make(model, 0, model.length);
        List<Lasting> views = new ArrayList<>();
        List<byte[]> then = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            switch (random.nextInt(6)) {
                case 0 -> {
                    int from = random.nextInt(model.length);
                    int count = random.nextInt(model.length - from);
                    Lasting view = strings.view(string, from, count);
                    if (model.length >= 1 << 20) {
                        views.add(java.util.Objects.requireNonNull(view));
                        then.add(Arrays.copyOfRange(model, from, from + count));
                    }
                }
                case 1 -> {
                    if (!views.isEmpty()) {
                        int which = random.nextInt(views.size());
                        Lasting view = views.remove(which);
                        byte[] seen = new byte[view.length()];
                        view.read(0, seen, 0, seen.length);
                        assertThat(Arrays.equals(seen, then.remove(which))).isTrue();
                        view.release();
                        view.release();
                    }
                }
                case 2 -> {
                    model = bytes(random, (1 << 20) + random.nextInt(2 << 20));
                    strings.set(string, model, 0, model.length);
                }
                case 3 -> strings.trim(string);
                default -> {
                    byte[] part = bytes(random, random.nextInt(100_000));
                    int at = random.nextInt(model.length + 20_000);
                    model = Arrays.copyOf(model, Math.max(model.length, at + part.length));
                    System.arraycopy(part, 0, model, at, part.length);
                    strings.put(string, at, part, random.nextBoolean());
                }
            }
            assertThat(Arrays.equals(all(string), model)).isTrue();
        }
        strings.free(string);
        for (int i = 0; i < views.size(); i++) {
            byte[] seen = new byte[views.get(i).length()];
            views.get(i).read(0, seen, 0, seen.length);
            assertThat(Arrays.equals(seen, then.get(i))).isTrue();
            views.get(i).release();
        }
        assertThat(slabs.bytes()).isEqualTo(before);
    }
}
