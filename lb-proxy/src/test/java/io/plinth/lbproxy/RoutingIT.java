package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class RoutingIT {
    @TempDir
    Path folder;

    private static String pools(Origin web, Origin other) {
        return """
              pools:
                web: { servers: { s0: "%s" }, balance: round-robin }
                other: { servers: { o0: "%s" }, balance: round-robin }
            """.formatted(web.at(), other.at());
    }

    @Test
    void everyKindOfAnswerAndChange() throws Exception {
        Files.writeString(folder.resolve("404.html"), "<p>gone</p>");
        Files.writeString(folder.resolve("5xx.json"), "{}");
        try (Origin web = Origin.answering("web");
                Origin other = Origin.answering("other");
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        all:
                          pool: web
                          request-headers: { set: { X-Set: "1", Host: inner.example }, add: { X-Add: "2" }, remove: [X-Out] }
                          response-headers: { set: { Server: plinth }, remove: [Content-Type] }
                        posts: { methods: [POST], pool: other, limits: { body: 5B, head: 2KiB } }
                        old: { path: "~/old/(.*)", redirect: { to: "https://{host}/new/$1{query}", status: 301 } }
                        fixed: { path: =/fixed, respond: { status: 203, body: hello, type: text/x } }
                        empty: { path: =/empty, respond: { status: 204 } }
                        down: { path: /down, pool: web, maintenance: true, error-pages: { 5xx: 5xx.json } }
                        moved: { path: /moved, pool: web, rewrite: /to/here }
                    """ + pools(web, other));
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: shop.example\r\nX-Out: a\r\nx-set: b\r\nX-Keep: c\r\n\r\n");
            Http.Response first = http.read();
            assertThat(first.body()).isEqualTo("web");
            assertThat(first.header("Server")).isEqualTo("plinth");
            String head = web.heads.getFirst();
            assertThat(head)
                    .contains("X-Set: 1\r\n", "X-Add: 2\r\n", "X-Keep: c\r\n", "Host: inner.example\r\n")
                    .contains("X-Forwarded-Host: shop.example")
                    .doesNotContain("X-Out", "x-set", "\r\nHost: shop.example");
            http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345");
            assertThat(http.read().body()).isEqualTo("other");
            Http.Response redirect = http.get("/old/a/b?c=d");
            assertThat(redirect.status()).isEqualTo(301);
            assertThat(redirect.header("Location")).isEqualTo("https://shop.example/new/a/b?c=d");
            Http.Response fixed = http.get("/fixed");
            assertThat(fixed.status()).isEqualTo(203);
            assertThat(fixed.body()).isEqualTo("hello");
            assertThat(fixed.header("Content-Type")).isEqualTo("text/x");
            assertThat(http.get("/empty").status()).isEqualTo(204);
            Http.Response down = http.get("/down/x");
            assertThat(down.status()).isEqualTo(503);
            assertThat(down.body()).isEqualTo("{}");
            assertThat(down.header("Content-Type")).isEqualTo("application/json");
            assertThat(down.header("Retry-After")).isNotNull();
            assertThat(http.get("/moved/x?y").status()).isEqualTo(200);
            assertThat(web.heads.getLast()).startsWith("GET /to/here/x?y HTTP/1.1\r\n");
        }
    }

    @Test
    void aCanaryGetsItsShare() throws Exception {
        try (Origin web = Origin.answering("web");
                Origin other = Origin.answering("other");
                Proxy proxy = Proxy.start(
                        folder, "  routes: { all: { pools: { web: 75, other: 25 } } }\n" + pools(web, other));
                Http http = proxy.connect()) {
            for (int i = 0; i < 400; i++) {
                assertThat(http.get("/").status()).isEqualTo(200);
            }
            // Nine standard deviations either way.
            assertThat(other.heads.size()).isBetween(22, 178);
            assertThat(web.heads.size() + other.heads.size()).isEqualTo(400);
        }
    }

    @Test
    void aRoutesOwnLimitsHold() throws Exception {
        try (Origin web = Origin.answering("web");
                Origin other = Origin.answering("other");
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        all: { pool: web, limits: { body: 5B, head: 200B } }
                    """ + pools(web, other))) {
            try (Http http = proxy.connect()) {
                http.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n123456");
                assertThat(http.read().status()).isEqualTo(413);
                assertThat(http.closed()).isTrue();
            }
            try (Http http = proxy.connect()) {
                http.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n");
                assertThat(http.read().status()).isEqualTo(413);
            }
            try (Http http = proxy.connect()) {
                http.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + "y".repeat(300) + "\r\n\r\n");
                assertThat(http.read().status()).isEqualTo(431);
            }
            try (H2 h2 = H2.to(proxy.address())) {
                H2.Stream declared = h2.read(h2.request("POST", "/", false, "content-length", "6"));
                assertThat(declared.status).isEqualTo(413);
                int id = h2.request("POST", "/", false);
                h2.data(id, "123456", true);
                assertThat(h2.read(id).status).isEqualTo(413);
                int right = h2.request("POST", "/", false, "content-length", "5");
                h2.data(right, "12345", true);
                assertThat(h2.read(right).status).isEqualTo(200);
            }
        }
    }

    /** Nor is it the limit of whoever came before: exchanges are used again. */
    @Test
    void aRoutesLargerLimitHoldsForEveryKindOfBodyAndForNobodyElse() throws Exception {
        try (Origin web = Origin.answering("web");
                Origin other = Origin.answering("other");
                Proxy proxy = Proxy.start(folder, """
                      limits: { body: 5B }
                      routes:
                        all: { pool: web }
                        large: { path: /large, pool: web, limits: { body: 100B } }
                        small: { path: /small, pool: web, limits: { body: 2B } }
                    """ + pools(web, other), 1)) {
            String body = "x".repeat(50);
            try (Http http = proxy.connect()) {
                http.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n" + body);
                assertThat(http.read().status()).isEqualTo(200);
                http.send("POST /large HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n" + body
                        + "\r\n0\r\n\r\n");
                assertThat(http.read().status()).isEqualTo(200);
                http.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
                assertThat(http.read().status()).isEqualTo(413);
            }
            try (H2 h2 = H2.to(proxy.address())) {
                // With the exchange whose last request was refused.
                assertThat(h2.get("/small").status).isEqualTo(200);
                for (String[] length : new String[][] {{}, {"content-length", "50"}}) {
                    int id = h2.request("POST", "/large", false, length);
                    h2.data(id, body, true);
                    assertThat(h2.read(id).status).isEqualTo(200);
                    int over = h2.request("POST", "/", false, length);
                    h2.data(over, body, true);
                    assertThat(h2.read(over).status).isEqualTo(413);
                }
            }
        }
    }

    /** What is made of a request within the limits may be beyond them. */
    @Test
    void aRedirectLargerThanARequestMayBeGoesToAnHttp2ClientToo() throws Exception {
        try (Origin web = Origin.answering("web");
                Origin other = Origin.answering("other");
                Proxy proxy = Proxy.start(folder, """
                      limits: { header-bytes: 8KiB }
                      routes: { all: { redirect: { to: "{path}{path}{path}" } } }
                    """ + pools(web, other));
                H2 h2 = H2.to(proxy.address())) {
            String path = "/" + "x".repeat(4000);
            assertThat(h2.get(path).headers).containsEntry("location", path.repeat(3));
        }
    }

    @Test
    void whatIsExplainedIsWhatIsServed() throws Exception {
        try (Origin web = Origin.answering("s0");
                Origin second = Origin.answering("s1");
                Origin other = Origin.answering("o0");
                Proxy proxy = Proxy.start(folder, """
                      routes:
                        all: { pools: { web: 1, other: 0 } }
                        canary: { headers: { X-Canary: "1" }, pool: other }
                        api: { host: api.example, path: /v1, methods: [GET], pool: web }
                        old: { path: "~/old/.*", redirect: { to: / } }
                        down: { path: =/down, pool: web, maintenance: true }
                      pools:
                        web: { servers: { s0: "%s", s1: "%s" }, balance: round-robin }
                        other: { servers: { o0: "%s" }, balance: round-robin }
                    """.formatted(web.at(), second.at(), other.at()), 1)) {
            List<String[]> requests = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                requests.add(new String[] {"GET", "http://shop.example/", null});
                requests.add(new String[] {"GET", "http://shop.example/x?y=1", "X-Canary: 1"});
                requests.add(new String[] {"GET", "http://api.example/v1/x", null});
                requests.add(new String[] {"POST", "http://api.example/v1/x", "Content-Length: 0"});
                requests.add(new String[] {"GET", "http://shop.example/old/1", null});
                requests.add(new String[] {"GET", "http://shop.example/down", null});
                requests.add(new String[] {"GET", "http://shop.example/down", "Bad Header: x"});
            }
            for (String[] request : requests) {
                String header =
                        request[2] == null ? "" : "&header=" + URLEncoder.encode(request[2], StandardCharsets.UTF_8);
                String explained = proxy.admin("/explain?method=" + request[0] + "&url="
                        + URLEncoder.encode(request[1], StandardCharsets.UTF_8) + header);
                java.net.URI uri = java.net.URI.create(request[1]);
                String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
                try (Http client = proxy.connect()) {
                    client.send(request[0] + " " + uri.getRawPath() + query + " HTTP/1.1\r\nHost: " + uri.getHost()
                            + "\r\n" + (request[2] == null ? "" : request[2] + "\r\n") + "\r\n");
                    Http.Response served = client.read();
                    assertThat(explained)
                            .as("%s", (Object) request)
                            .contains(
                                    served.status() == 200
                                            ? "\"server\":\"" + served.body() + "\""
                                            : "\"status\":" + served.status());
                    if (served.status() == 200) {
                        assertThat(explained)
                                .contains("\"pool\":\"" + (served.body().startsWith("s") ? "web" : "other") + "\"")
                                .contains("\"route\":\"" + (explained.contains("api.example, path /v1") ? "api" : ""));
                    }
                }
            }
            assertThat(proxy.admin("/explain?url=x")).contains("expected: http://host/path");
            assertThat(proxy.admin("/explain?url=http://a/&loop=9")).contains("expected: a URL, and a loop below 1");
        }
    }
}
