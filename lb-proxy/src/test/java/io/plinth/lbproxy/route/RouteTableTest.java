package io.plinth.lbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.lbproxy.wire.http1.RequestHead;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
    private final RouteTable<String> table = new RouteTable<>(List.of(
            rule("", "/", "any"),
            rule("", "/health", "any-health"),
            rule("shop.example", "/", "shop"),
            rule("shop.example", "/static/", "static"),
            rule("shop.example", "/static/app", "app"),
            rule("shop.example", "=/static/", "listing"),
            rule("*.shop.example", "/", "below"),
            rule("*.eu.shop.example", "/", "europe"),
            rule("api.example", "/v1", "v1"),
            rule("Api.Example", "/v3", "v3"),
            rule("*.API.example.", "/", "below-api"),
            rule("[::1]", "/", "six")));

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
        "api.example, /v3, v3",
        "x.api.example, /, below-api",
        "api.example, /health, any-health",
        "127.0.0.1:80, /, any",
        "[::1]:80, /, six",
        "'', /, any"
    })
    void theMostSpecificRuleWins(String host, String path, String target) {
        assertThat(table.match(Heads.of("GET " + path, "Host: " + host))).isEqualTo(target);
    }

    @ParameterizedTest
    @CsvSource({"other.example, /", "api.example, /v2"})
    void withoutARuleThereIsNoTarget(String host, String path) {
        RouteTable<String> small = new RouteTable<>(List.of(rule("api.example", "/v1", "v1")));
        assertThat(small.match(Heads.of("GET " + path, "Host: " + host))).isNull();
    }

    private static RouteRule<String> rule(String host, String path, String target) {
        return new RouteRule<>(target, host, path, Conditions.NONE, target);
    }

    private static RouteRule<String> rule(String path, String name, Conditions conditions) {
        return new RouteRule<>(name, "", path, conditions, name);
    }

    private static Conditions headers(String name, String value) {
        return new Conditions(List.of(), Map.of(name, value), Map.of(), Map.of());
    }

    @ParameterizedTest
    @CsvSource({
        "GET /, '', plain",
        "POST /, '', post",
        "GET /, X-Canary: 1, canary",
        "GET /, X-Canary: 2, plain",
        "POST /, X-Canary: 1, canary-post",
        "GET /?v=2, '', v2",
        "GET /?a=1&v=%32, '', v2",
        "GET /?v=22, '', plain",
        "GET /?v, '', plain",
        "GET /, 'Cookie: a=1; beta=yes; c=2', beta",
        "GET /, 'Cookie: xbeta=yes', plain",
        "GET /, 'Cookie: beta=\"yes\"', beta",
        "GET /x/12, '', number",
        "GET /x/a12, '', plain",
        "GET /x/12/, '', plain",
        "GET /none, 'X-None: 1', plain",
        "GET /none, 'X-Other: 1', none",
        "GET /any, 'X-Any: 1', any",
        "GET /any, 'X-Other: 1', plain",
        "OPTIONS *, '', plain",
        "GET http://h, '', plain"
    })
    void conditionsDecideAmongEqualPaths(String line, String field, String target) {
        RouteTable<String> conditional = new RouteTable<>(List.of(
                rule("/", "plain", Conditions.NONE),
                rule("/", "post", new Conditions(List.of("POST"), Map.of(), Map.of(), Map.of())),
                rule("/", "canary", headers("x-canary", "1")),
                rule("/", "canary-post", new Conditions(List.of("POST"), Map.of("X-Canary", "1"), Map.of(), Map.of())),
                rule("/", "v2", new Conditions(List.of(), Map.of(), Map.of("v", "2"), Map.of())),
                rule("/", "beta", new Conditions(List.of(), Map.of(), Map.of(), Map.of("beta", "~yes|true"))),
                rule("~/x/[0-9]+", "number", Conditions.NONE),
                rule("/none", "none", headers("X-None", "!")),
                rule("/any", "any", headers("X-Any", "*"))));
        RequestHead head = field.isEmpty() ? Heads.of(line, "Host: h") : Heads.of(line, "Host: h", field);
        assertThat(conditional.match(head)).isEqualTo(target);
    }

    @Test
    void oneOfSeveralFieldsIsEnoughAndEachIsLookedAt() {
        RouteTable<String> table = new RouteTable<>(List.of(rule("/", "yes", headers("x-a", "2"))));
        assertThat(table.match(Heads.of("GET /", "X-A: 1", "X-A: 2"))).isEqualTo("yes");
        assertThat(table.match(Heads.of("GET /", "X-A: 1", "X-A: 3"))).isNull();
    }

    @Test
    void everyRuleThatWasLookedAtIsExplained() {
        Explanation why = new Explanation();
        assertThat(table.rule(Heads.of("GET /v2", "Host: api.example"), why)).isNotNull();
        assertThat(why.lines()).first().asString().isEqualTo("route v1 no: path is not /v1");
    }

    @Test
    void aPatternCannotBeMadeToRunAway() {
        RouteTable<String> table = new RouteTable<>(List.of(rule("~(/a*)*b", "evil", Conditions.NONE)));
        assertThat(table.match(Heads.of("GET /" + "a".repeat(8_000)))).isNull();
        assertThatThrownBy(() -> PathPattern.of("((a{100}){100})")).hasMessageContaining("expected: ");
        assertThatThrownBy(() -> PathPattern.of("(a")).hasMessageContaining("pattern: (a");
        assertThatThrownBy(() -> PathPattern.of("(a)\\1")).hasMessageContaining("pattern: ");
    }
}
