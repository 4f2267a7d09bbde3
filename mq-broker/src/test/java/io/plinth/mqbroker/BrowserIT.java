package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The management API as a browser uses it. */
class BrowserIT {
    @TempDir
    Path folder;

    @Test
    void aBrowserLogsInAndPagesOfNamedOriginsMayAsk() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{management: {cors: [\"https://a.example\"]}}");
                ManagementClient api = broker.management();
                HttpClient browser = HttpClient.newHttpClient()) {
            URI base = URI.create("http://127.0.0.1:" + api.port() + "/api/");
            HttpResponse<String> login = browser.send(
                    HttpRequest.newBuilder(base.resolve("login"))
                            .POST(HttpRequest.BodyPublishers.ofString("username=guest&password=guest"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(login.body()).isEqualTo("\"ok\"");
            String given = login.headers().firstValue("set-cookie").orElseThrow();
            assertThat(given).contains("SameSite=Strict").doesNotContain("Secure");
            String cookie = given.split(";", 2)[0];
            for (String origin : List.of("https://a.example", "https://b.example")) {
                HttpResponse<String> whoami = browser.send(
                        HttpRequest.newBuilder(base.resolve("whoami"))
                                .header("cookie", cookie)
                                .header("origin", origin)
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(whoami.body()).contains("\"guest\"");
                assertThat(whoami.headers()
                                .firstValue("access-control-allow-origin")
                                .isPresent())
                        .isEqualTo(origin.equals("https://a.example"));
                HttpResponse<String> preflight = browser.send(
                        HttpRequest.newBuilder(base.resolve("queues/%2F/q"))
                                .header("origin", origin)
                                .header("access-control-request-headers", "authorization")
                                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(preflight.statusCode()).isEqualTo(200);
                assertThat(preflight
                                .headers()
                                .firstValue("access-control-allow-methods")
                                .orElse("none"))
                        .isEqualTo(origin.equals("https://a.example") ? "DELETE, GET, PUT" : "none");
            }
            HttpResponse<String> program = browser.send(
                    HttpRequest.newBuilder(base.resolve("/cli/rabbitmqadmin")).build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(program.statusCode()).isEqualTo(404);
            assertThat(program.body()).contains("plinth mq");
            assertThat(api.get("auth/attempts/rabbit@mq/source").body()).contains("\"username\":\"guest\"");
        }
    }

    @Test
    void whatIsNotPercentEncodedIsRefusedAndNotRepeated() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            ManagementClient.Answer answer = api.post("login", "username=guest&password=secret100%");
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.object().get("reason")).isEqualTo("login: the form is not percent-encoded");
            for (String target : List.of("/api/auth?secret=1%", "/api/secret%zz")) {
                // HttpClient refuses to send these.
                try (Socket socket = new Socket("127.0.0.1", api.port())) {
                    String request = "GET " + target + " HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
                    socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                    socket.setSoTimeout(20_000);
                    String told = "";
                    while (!told.endsWith("}")) {
                        byte[] some = socket.getInputStream().readNBytes(1);
                        assertThat(some).as(told).isNotEmpty();
                        told += new String(some, StandardCharsets.US_ASCII);
                    }
                    assertThat(told).startsWith("HTTP/1.1 400").doesNotContain("secret");
                }
            }
        }
    }
}
