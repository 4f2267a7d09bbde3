package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class ProxyProtocolIT {
    @TempDir
    Path folder;

    private static final String V2 = "0d0a0d0a000d0a515549540a";

    private static String section(Origin origin) {
        return """
              listeners: { public: { bind: 127.0.0.1:0, proxy-protocol: true } }
              limits: { connections-per-address: 1 }
            """ + Proxy.section("", origin);
    }

    @Test
    void theClientIsWhoTheHeaderSays() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, section(origin));
                Http one = proxy.connect();
                Http two = proxy.connect();
                Http same = proxy.connect();
                Http none = proxy.connect()) {
            one.send("PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n");
            assertThat(one.get("/").status()).isEqualTo(200);
            assertThat(origin.heads.getLast()).contains("X-Forwarded-For: 192.0.2.7\r\n");
            two.out.write(HexFormat.of().parseHex(V2 + "2111000cc0000208c000020112670050"));
            assertThat(two.get("/").status()).isEqualTo(200);
            assertThat(origin.heads.getLast()).contains("X-Forwarded-For: 192.0.2.8\r\n");
            same.send("PROXY TCP4 192.0.2.7 192.0.2.1 4712 80\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(same.closed()).isTrue();
            none.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assertThat(none.closed()).isTrue();
        }
    }

    @Test
    void serversAreToldWhoTheClientIs() throws Exception {
        List<String> headers = new CopyOnWriteArrayList<>();
        try (Origin origin = Origin.serving(connection -> {
                    StringBuilder line = new StringBuilder();
                    for (int b = connection.in.read(); b >= 0 && b != '\n'; b = connection.in.read()) {
                        line.append((char) b);
                    }
                    headers.add(line.toString());
                    while (connection.readRequest() != null) {
                        connection.answer("200 OK", "x");
                    }
                });
                Origin binary = Origin.serving(connection -> {
                    headers.add(HexFormat.of().formatHex(connection.in.readNBytes(28)));
                    while (connection.readRequest() != null) {
                        connection.answer("200 OK", "x");
                    }
                });
                Proxy proxy = Proxy.start(folder, """
                      listeners: { public: { bind: 127.0.0.1:0, proxy-protocol: true } }
                      routes: { one: { path: /1, pool: one }, two: { path: /2, pool: two } }
                      pools:
                        one: { servers: { a: "%s" }, proxy-protocol: v1 }
                        two: { servers: { a: "%s" }, proxy-protocol: v2 }
                    """.formatted(origin.at(), binary.at()))) {
            for (String client : List.of("192.0.2.7", "192.0.2.9")) {
                try (Http http = proxy.connect()) {
                    http.send("PROXY TCP4 " + client + " 192.0.2.1 4711 80\r\n");
                    assertThat(http.get("/1").status()).isEqualTo(200);
                    assertThat(http.get("/2").status()).isEqualTo(200);
                }
            }
            String port = String.valueOf(proxy.address().getPort());
            assertThat(headers.get(0)).isEqualTo("PROXY TCP4 192.0.2.7 127.0.0.1 4711 " + port + "\r");
            assertThat(headers.get(1)).startsWith(V2 + "2111000cc00002077f0000011267");
            assertThat(headers.get(2)).startsWith("PROXY TCP4 192.0.2.9 ");
            assertThat(headers.get(3)).startsWith(V2 + "2111000cc0000209");
            assertThat(new String(HexFormat.of().parseHex(V2), StandardCharsets.ISO_8859_1))
                    .hasSize(12);
        }
    }
}
