package io.plinth.lbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TargetRewriteTest {
    @ParameterizedTest
    @CsvSource({
        "/api, , /api/x, /x",
        "/api, , /api, /",
        "/api/, , /api/x, /x",
        "/api, /v2, /api/x, /v2/x",
        "/api, /v2, /api, /v2",
        "/api/, /v2/, /api/x, /v2/x",
        "/api/, /v2, /api/x, /v2/x",
        "/api, /v2/, /api/x, /v2/x",
        "/, /v2, /x, /v2/x",
        "=/a, /b, /a, /b",
        "~/u/([0-9]+)/(.*), /users/$1?, /u/1/x, refused",
        "~/u/([0-9]+)/(.*), /users/$1/of/$2, /u/1/x/y, /users/1/of/x/y",
        "~/u/([0-9]+)/(.*), /users/$3, /u/1/x, /users/"
    })
    void thePathIsReplacedAsTheRouteSays(String route, String rewrite, String path, String expected) {
        if (expected.equals("refused")) {
            assertThatThrownBy(() -> TargetRewrite.of(route, false, rewrite)).hasMessageContaining("expected: a path");
            return;
        }
        TargetRewrite change = TargetRewrite.of(route, rewrite == null, rewrite);
        assertThat(change.changes()).isTrue();
        assertThat(new String(change.path(Heads.of("GET " + path + "?q=1")), StandardCharsets.US_ASCII))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "https://{host}{path}{query}, /x?y=1, https://shop.example/x?y=1",
        "{scheme}://www.{host}/new, /, http://www.shop.example/new",
        "/{other}, /, /{other}",
    })
    void aRedirectIsMadeOfTheRequest(String to, String target, String location) {
        Redirect redirect = new Redirect(308, to, "/");
        assertThat(redirect.location(Heads.of("GET " + target, "Host: shop.example:8080"), "http"))
                .isEqualTo(location);
        Redirect groups = new Redirect(301, "/item/$1", "~/i/(.*)");
        assertThat(groups.location(Heads.of("GET /i/5"), "http")).isEqualTo("/item/5");
    }

    @Test
    void sharesAreDrawnByTheirWeight() {
        Shares<String> shares = new Shares<>(Map.of("a", "A", "b", "B", "c", "C"), Map.of("a", 90, "b", 10, "c", 0));
        SplittableRandom random = new SplittableRandom(5);
        int canary = 0;
        for (int i = 0; i < 10_000; i++) {
            String drawn = shares.draw(random);
            assertThat(drawn).isIn("A", "B");
            canary += drawn.equals("B") ? 1 : 0;
        }
        assertThat(canary).isBetween(850, 1150);
        assertThat(shares.share("B")).isEqualTo("10 of 100");
    }

    @Test
    void whatFramesAMessageIsNotARoutesToChange() {
        for (String name : List.of("Content-Length", "transfer-encoding", "Connection", "TE", "a b", "")) {
            assertThatThrownBy(() -> HeaderChanges.of(Map.of(name, "x"), Map.of(), List.of(), true))
                    .as(name)
                    .hasMessageContaining("header: ");
        }
        assertThatThrownBy(() -> HeaderChanges.of(Map.of("A", "x\r\nB: y"), Map.of(), List.of(), true))
                .hasMessageContaining("value of A");
        assertThatThrownBy(() -> HeaderChanges.of(Map.of("Host", "x"), Map.of(), List.of(), false))
                .hasMessageContaining("Host");
        assertThat(HeaderChanges.of(Map.of("Host", "x"), Map.of(), List.of(), true)
                        .setsHost())
                .isTrue();
    }
}
