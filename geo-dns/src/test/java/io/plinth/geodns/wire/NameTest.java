package io.plinth.geodns.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NameTest {
    private static final Name ORIGIN = Name.parse("shop.example.");

    @ParameterizedTest
    @CsvSource({
        "www, www.shop.example.",
        "www., www.",
        "@, shop.example.",
        "., .",
        "a.b, a.b.shop.example.",
        "a\\.b, a\\.b.shop.example.",
        "a\\032b, a\\032b.shop.example.",
        "\\065, A.shop.example.",
        "*, *.shop.example.",
        "WwW, WwW.shop.example."
    })
    void textIsReadRelativeToTheOriginAndWrittenAbsolute(String text, String written) {
        assertThat(Name.parse(text, ORIGIN).toString()).isEqualTo(written);
        assertThat(Name.parse(written)).isEqualTo(Name.parse(text, ORIGIN));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a..b", ".a", "a\\", "a\\999", "a..", "\u4e2d.example."})
    void whatIsNoNameIsRefusedWithTheName(String text) {
        assertThatThrownBy(() -> Name.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("name: " + text)
                .hasMessageContaining("expected");
    }

    @Test
    void labelsAndNamesHaveTheLengthsOfRfc1035() {
        String label = "a".repeat(63);
        assertThat(Name.parse(label).length()).isEqualTo(65);
        assertThatThrownBy(() -> Name.parse(label + "a")).hasMessageContaining("63");
        String longest = label + "." + label + "." + label + "." + "a".repeat(61);
        assertThat(Name.parse(longest).length()).isEqualTo(Name.MAX_LENGTH);
        assertThatThrownBy(() -> Name.parse(longest + "a")).hasMessageContaining("255");
        assertThatThrownBy(() -> Name.parse(longest, ORIGIN)).hasMessageContaining("255");
    }

    @Test
    void caseDoesNotCountButIsKept() {
        Name name = Name.parse("WWW.Shop.EXAMPLE");
        assertThat(name).isEqualTo(Name.parse("www.shop.example")).hasSameHashCodeAs(Name.parse("www.shop.example"));
        assertThat(name.toString()).isEqualTo("WWW.Shop.EXAMPLE.");
        assertThat(name.isAtOrBelow(ORIGIN)).isTrue();
        assertThat(Name.parse("wwwshop.example").isAtOrBelow(ORIGIN)).isFalse();
        assertThat(ORIGIN.isAtOrBelow(name)).isFalse();
        assertThat(name.isAtOrBelow(Name.ROOT)).isTrue();
    }

    @Test
    void ancestorsDropLabelsFromTheFront() {
        Name name = Name.parse("a.b.c");
        assertThat(name.labels()).isEqualTo(3);
        assertThat(name.ancestor(0)).isSameAs(name);
        assertThat(name.ancestor(1)).isEqualTo(Name.parse("b.c"));
        assertThat(name.ancestor(3)).isEqualTo(Name.ROOT);
    }

    @Test
    void aTableFindsEverySuffixOfAName() {
        SplittableRandom random = new SplittableRandom(7);
        Map<Name, Name> entries = new HashMap<>();
        for (int i = 0; i < 2_000; i++) {
            Name name = Name.parse(random.nextInt(50) + "." + random.nextInt(50) + ".example");
            entries.put(name, name);
        }
        NameTable<Name> table = new NameTable<>(entries.values(), entries.size(), name -> name);
        Query query = new Query();
        entries.forEach((name, value) -> {
            assertThat(table.get(name)).isEqualTo(value);
            query.ask(Name.parse("x.Y." + name), 1);
            assertThat(table.get(query, 2)).isEqualTo(value);
            assertThat(table.get(query, 1)).isNull();
        });
    }
}
