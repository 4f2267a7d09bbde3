package io.plinth.lbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
    private final RouteTable<String> table = new RouteTable<>(List.of(
            new RouteRule<>("", "/", "any"),
            new RouteRule<>("", "/health", "any-health"),
            new RouteRule<>("shop.example", "/", "shop"),
            new RouteRule<>("shop.example", "/static/", "static"),
            new RouteRule<>("shop.example", "/static/app", "app"),
            new RouteRule<>("shop.example", "=/static/", "listing"),
            new RouteRule<>("*.shop.example", "/", "below"),
            new RouteRule<>("*.eu.shop.example", "/", "europe"),
            new RouteRule<>("api.example", "/v1", "v1"),
            new RouteRule<>("[::1]", "/", "six")));

    @ParameterizedTest
    @CsvSource({
        "shop.example, /, shop",
        "SHOP.example:8080, /x, shop",
        "shop.example., /x, shop",
        "shop.example, /static/x.css, static",
        "shop.example, /static/, listing",
        "shop.example, /static, shop",
        "shop.example, /static/app, app",
        "shop.example, /static/app/x, app",
        "shop.example, /static/apple, static",
        "a.shop.example, /, below",
        "b.a.shop.example:1, /, below",
        "a.eu.shop.example, /, europe",
        "eu.shop.example, /, below",
        "xshop.example, /, any",
        "api.example, /v1/x, v1",
        "api.example, /v2, any",
        "api.example, /health, any-health",
        "127.0.0.1:80, /, any",
        "[::1]:80, /, six",
        "'', /, any"
    })
    void theMostSpecificRuleWins(String host, String path, String target) {
        byte[] hostBytes = ("<" + host + ">").getBytes(StandardCharsets.US_ASCII);
        byte[] pathBytes = ("<" + path + ">").getBytes(StandardCharsets.US_ASCII);
        assertThat(table.match(hostBytes, 1, hostBytes.length - 1, pathBytes, 1, pathBytes.length - 1))
                .isEqualTo(target);
    }

    @ParameterizedTest
    @CsvSource({"other.example, /", "api.example, /v2"})
    void withoutARuleThereIsNoTarget(String host, String path) {
        RouteTable<String> small = new RouteTable<>(List.of(new RouteRule<>("api.example", "/v1", "v1")));
        byte[] hostBytes = host.getBytes(StandardCharsets.US_ASCII);
        byte[] pathBytes = path.getBytes(StandardCharsets.US_ASCII);
        assertThat(small.match(hostBytes, 0, hostBytes.length, pathBytes, 0, pathBytes.length))
                .isNull();
    }
}
