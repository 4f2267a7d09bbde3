package io.plinth.kvcache.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NumbersTest {
    private static boolean isLong(String text) {
        byte[] bytes = text.getBytes(US_ASCII);
        return Numbers.isLong(bytes, 0, bytes.length);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 9, 10, 1234567890123L, Long.MAX_VALUE, Long.MIN_VALUE, Long.MIN_VALUE + 1})
    void readsWhatItWrites(long value) {
        byte[] digits = Numbers.bytes(value);

        assertThat(new String(digits, US_ASCII)).isEqualTo(Long.toString(value));
        assertThat(Numbers.parse(digits, 0, digits.length)).isEqualTo(value);
        assertThat(Numbers.isLong(digits, 0, digits.length)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "xxxxxxxxxxxxxxxxxxx7",
                "-",
                "+1",
                "01",
                "-0",
                " 1",
                "1 ",
                "1.0",
                "9223372036854775808",
                "-9223372036854775809",
                "92233720368547758077",
                "x223372036854775807 ",
                "a"
            })
    void refusesWhatIsNotCanonical(String text) {
        assertThat(isLong(text)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "3.0, 0.1, 3.1",
        "3.1, 1e15, 1000000000000003.0999755859375",
        "10.50, 0.1, 10.6",
        "5.0e3, 2.0e2, 5200",
        "0.1, 0.2, 0.3",
        "-1, 1, 0",
        "1e-20, 0, 0",
        // All bits of a mantissa, which half of it rounds to one more.
        "-18446744073709551615, 0, -18446744073709551615",
        "18446744073709551616, -1, 18446744073709551615",
        "18446744073709551615, 0.5, 18446744073709551616",
        "36893488147419103230, 0, 36893488147419103230",
        "0, 9223372036854775807.5, 9223372036854775807.5",
    })
    void addsAsAnX87Does(String a, String b, String sum) {
        BigDecimal left = LongDouble.parse(a.getBytes(US_ASCII));
        BigDecimal right = LongDouble.parse(b.getBytes(US_ASCII));
        assertThat(left).isNotNull();
        assertThat(right).isNotNull();
        BigDecimal added = left == null || right == null ? null : LongDouble.add(left, right);

        assertThat(added).isNotNull();
        assertThat(added == null ? "" : new String(LongDouble.format(added), US_ASCII))
                .isEqualTo(sum);
    }

    @Test
    void refusesNumbersThatAreNone() {
        for (String text : new String[] {"", "x", "1e", "nan", "inf", "1e5000", " 1", "1e999999999"}) {
            assertThat(LongDouble.parse(text.getBytes(US_ASCII))).as(text).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-0",
                "7",
                "007",
                "10000",
                "-10000",
                "+3",
                "999999999999999",
                "9999999999999999",
                "123456789012345678901",
                "1.5",
                "1e3",
                "2147483647",
                "2147483648",
                "-2147483648"
            })
    void readsScoresAsStrtodDoesAndPrintsThem(String text) {
        byte[] bytes = ("x" + text + "9").getBytes(US_ASCII);
        double value = Doubles.parse(bytes, 1, text.length());

        assertThat(Double.doubleToRawLongBits(value)).isEqualTo(Double.doubleToRawLongBits(Double.parseDouble(text)));
        assertThat(new String(Doubles.bytes(value), US_ASCII)).isEqualTo(Doubles.text(value));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " 1", "1 ", "1x", "-", "--1", "12a4"})
    void refusesWhatIsNoScore(String text) {
        assertThat(Doubles.parse(text.getBytes(US_ASCII), 0, text.length())).isNaN();
    }
}
