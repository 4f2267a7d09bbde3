package io.plinth.kvcache.keyspace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlotsTest {
    @ParameterizedTest
    @CsvSource({
        "123456789, 12739",
        "foo, 12182",
        "bar, 5061",
        "hello, 866",
        "{user1000}.following, 3443",
        "{user1000}.followers, 3443",
        "'', 0",
    })
    void areThoseOfTheClusterSpecification(String key, int slot) {
        byte[] bytes = key.getBytes(ISO_8859_1);

        assertThat(Slots.of(bytes, 0, bytes.length)).isEqualTo(slot);
    }

    @ParameterizedTest
    @CsvSource({"foo{}{bar}, false", "foo{{bar}}zap, true", "foo{bar}{zap}, true"})
    void hashTheFirstTagUnlessItIsEmpty(String key, boolean tagged) {
        byte[] bytes = key.getBytes(ISO_8859_1);
        byte[] tag = (key.startsWith("foo{{") ? "{bar" : "bar").getBytes(ISO_8859_1);

        assertThat(Slots.of(bytes, 0, bytes.length) == Slots.of(tag, 0, tag.length))
                .isEqualTo(tagged);
    }

    /** The specification's own words: bit by bit, of what stands between the first brace and the next closing one, if anything does. */
    private static int bitByBit(String key) {
        int open = key.indexOf('{');
        int close = open < 0 ? -1 : key.indexOf('}', open);
        String hashed = close > open + 1 ? key.substring(open + 1, close) : key;
        int crc = 0;
        for (byte each : hashed.getBytes(ISO_8859_1)) {
            crc ^= (each & 0xff) << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            crc &= 0xffff;
        }
        return crc % Slots.COUNT;
    }

    @org.junit.jupiter.api.Test
    void areThoseOfTheSpecificationWhateverTheLengthAndTheBytes() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder key = new StringBuilder();
            int length = random.nextInt(40);
            boolean braces = random.nextBoolean();
            while (key.length() < length) {
                key.append(
                        braces && random.nextInt(6) == 0
                                ? (random.nextBoolean() ? '{' : '}')
                                : (char) random.nextInt(random.nextBoolean() ? 256 : 128));
            }
            byte[] bytes = ("{}" + key + "{x}").getBytes(ISO_8859_1);

            assertThat(Slots.of(bytes, 2, length)).as(key.toString()).isEqualTo(bitByBit(key.toString()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "h?llo, hello, true",
        "h*llo, heeello, true",
        "h*llo, hllo, true",
        "h[ae]llo, hallo, true",
        "h[ae]llo, hillo, false",
        "h[^e]llo, hallo, true",
        "h[^e]llo, hello, false",
        "h[a-b]llo, hbllo, true",
        "*, '', true",
        "'', '', true",
        "'', a, false",
        "a*b*c, aXbYc, true",
        "a*b*c, aXbY, false",
        "\\*, *, true",
        "\\*, a, false",
        "[\\]], ], true",
        "a[, a, false",
        "**a, bba, true",
        "?, '', false",
    })
    void patternsMatchAsInRedis(String pattern, String text, boolean matches) {
        assertThat(new Glob(pattern.getBytes(ISO_8859_1)).matches(text.getBytes(ISO_8859_1)))
                .isEqualTo(matches);
    }

    @org.junit.jupiter.api.Test
    @org.junit.jupiter.api.Timeout(10)
    void aPatternOfManyStarsEndsSoon() {
        byte[] text = "a".repeat(20_000).getBytes(ISO_8859_1);

        assertThat(new Glob(("a*".repeat(50) + "b").getBytes(ISO_8859_1)).matches(text))
                .isFalse();
    }
}
