package io.plinth.kvcache.loader;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerTtlTest {
    private static HttpHeaders headers(String text) {
        Map<String, List<String>> all = Arrays.stream(text.split(";", -1))
                .filter(line -> !line.isBlank())
                .map(line -> line.split(":", 2))
                .collect(Collectors.groupingBy(
                        line -> line[0].strip(), Collectors.mapping(line -> line[1].strip(), Collectors.toList())));
        return HttpHeaders.of(all, (name, value) -> true);
    }

    @ParameterizedTest
    @CsvSource({
        "'', -1",
        "'Cache-Control: public', -1",
        "'Cache-Control: max-age=60', 60000",
        "'Cache-Control: max-age=60, S-MaxAge=30', 30000",
        "'Cache-Control: public; Cache-Control: max-age=\"60\"', 60000",
        "'Cache-Control: max-age=60; Age: 20', 40000",
        "'Cache-Control: max-age=60; Age: 70', 1000",
        "'Cache-Control: max-age=60, no-store', 1000",
        "'Cache-Control: private, max-age=60', 1000",
        "'Cache-Control: max-age=0', 1000",
        "'Cache-Control: max-age=soon', -1",
        "'Cache-Control: max-age=99999999999999999999', 315360000000",
        "'Cache-Control: max-age=60; Plinth-Ttl: 5', 5000",
        "'Plinth-Ttl: -5', -1",
    })
    void isWhatTheHeadersSay(String lines, long expected) {
        assertThat(AnswerTtl.of(headers(lines), true)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"'Cache-Control: max-age=60', -1", "'Cache-Control: no-store; Plinth-Ttl: 7', 7000"})
    void isOurOwnHeaderAloneWhereTheOtherIsNotWanted(String lines, long expected) {
        assertThat(AnswerTtl.of(headers(lines), false)).isEqualTo(expected);
    }
}
