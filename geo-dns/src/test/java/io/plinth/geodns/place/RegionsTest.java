package io.plinth.geodns.place;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RegionsTest {
    private final Regions regions = new Regions(Map.of(
            "eu", List.of("EU", "AF", "AS"),
            "us", List.of("NA", "SA", "OC"),
            "jp", List.of("JP", "KR"),
            "za", List.of("country:NA", "ZA"),
            "spare", List.of()));

    @ParameterizedTest
    @CsvSource({
        "FR, eu", "US, us", "BR, us", "AU, us", "NG, eu", "JP, jp", "KR, jp", "CN, eu", "NA, za", "ZA, za", "AF, eu",
        "AQ, us"
    })
    void countriesBeatContinentsAndContinentsBeatDistance(String country, String region) {
        assertThat(regions.order(country)).startsWith(region).hasSize(5);
    }

    @Test
    void whoServesNeitherFollowsByDistanceAndWhoServesNothingLast() {
        assertThat(regions.order("FR")).containsExactly("eu", "za", "jp", "us", "spare");
        assertThat(regions.order("JP")).containsExactly("jp", "eu", "us", "za", "spare");
        assertThat(regions.orderFrom("us")).startsWith("us").endsWith("spare");
    }

    @Test
    void rulesSayWhy() {
        assertThat(regions.rule("jp", "JP")).isEqualTo(Regions.Rule.COUNTRY);
        assertThat(regions.rule("eu", "JP")).isEqualTo(Regions.Rule.CONTINENT);
        assertThat(regions.rule("us", "JP")).isEqualTo(Regions.Rule.NEAREST);
    }

    @Test
    void codesAreContinentsCountriesOrNothing() {
        assertThat(List.of("EU", "eu", "DE", "country:AF", "NA")).allMatch(Regions::isKnown);
        assertThat(List.of("XX", "", "Europe", "country:XX", "continent:EU")).noneMatch(Regions::isKnown);
    }

    @Test
    void everyCountryHasOneContinent() {
        assertThat(Countries.codes()).hasSizeGreaterThanOrEqualTo(249).allMatch(code -> code.matches("[A-Z]{2}"));
    }
}
