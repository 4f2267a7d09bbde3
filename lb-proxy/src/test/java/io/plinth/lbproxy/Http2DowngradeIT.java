package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * What must not come through from HTTP/2 to HTTP/1.1 (RFC 9113 8.2, 8.3 and 10.3). Each row is one request; it ends in
 * RST_STREAM PROTOCOL_ERROR or in the status named, its connection serves on, and no whole request reaches the server: of a
 * body that turns out longer or shorter than it said, the server may have seen the beginning, and sees it break off.
 */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class Http2DowngradeIT {
    private static final int RESET = 0;

    /** In a field: the right pseudo-headers but for those that the row has itself. */
    private static final String REST = "*";

    private static final Pattern LENGTH = Pattern.compile("(?i)content-length: (\\d+)");

    @TempDir
    Path folder;

    /**
     * One request.
     *
     * @param answer a status, or {@link #RESET}
     * @param data DATA frames that follow; without any, HEADERS ends the stream
     */
    private record Row(String name, int answer, List<String> fields, List<String> data) {}

    private final List<Row> rows = new ArrayList<>();

    private void row(String name, int answer, String... fields) {
        rows.add(new Row(name, answer, List.of(fields), List.of()));
    }

    private void body(String name, int answer, List<String> data, String... fields) {
        rows.add(new Row(name, answer, List.of(fields), data));
    }

    private void pseudoHeaders() {
        row(":method missing", RESET, ":scheme", "http", ":authority", "a", ":path", "/");
        row(":scheme missing", RESET, ":method", "GET", ":authority", "a", ":path", "/");
        row(":path missing", RESET, ":method", "GET", ":scheme", "http", ":authority", "a");
        row("no pseudo-header", RESET, "host", "a");
        row("no field", RESET);
        row(":authority and host missing", 400, ":method", "GET", ":scheme", "http", ":path", "/");
        for (String name : List.of(":method", ":scheme", ":authority", ":path")) {
            row(name + " twice, the same", RESET, REST, "", name, value(name), name, value(name));
            row(name + " twice, different", RESET, REST, "", name, value(name), name, "x");
            row(name + " after a field", RESET, REST, "", "accept", "*/*", name, value(name));
            row(name + " empty", RESET, REST, "", name, "");
            row(name + " in upper case", RESET, REST, "", name.toUpperCase(java.util.Locale.ROOT), value(name));
            row(name + " with CR LF", RESET, REST, "", name, value(name) + "\r\nx: y");
            row(name + " with NUL", RESET, REST, "", name, value(name) + "\0");
            row(name + " with a leading space", RESET, REST, "", name, " " + value(name));
            row(name + " with a trailing space", RESET, REST, "", name, value(name) + " ");
        }
        row(":status in a request", RESET, REST, "", ":status", "200");
        row("unknown pseudo-header", RESET, REST, "", ":forwarded", "x");
        row("pseudo-header of a name alone", RESET, REST, "", ":", "x");
        row(":protocol without CONNECT", RESET, REST, "", ":protocol", "websocket");
    }

    private static String value(String pseudo) {
        return switch (pseudo) {
            case ":method" -> "GET";
            case ":scheme" -> "http";
            case ":authority" -> "shop.example";
            default -> "/";
        };
    }

    private void lines() {
        row("method with a space", 400, REST, "", ":method", "GET /x");
        row("method with a whole line", 400, REST, "", ":method", "GET / HTTP/1.1");
        row("method no token", 400, REST, "", ":method", "G(T");
        row("CONNECT", 501, ":method", "CONNECT", ":authority", "a:443");
        row("CONNECT with :path", RESET, ":method", "CONNECT", ":scheme", "http", ":authority", "a:443", ":path", "/");
        row("CONNECT for another protocol", 501, REST, "", ":method", "CONNECT", ":protocol", "connect-udp");
        row(":scheme of another protocol", RESET, REST, "", ":scheme", "ftp");
        row(":scheme with a colon", RESET, REST, "", ":scheme", "http://a/?");
        row(":path without a slash", RESET, REST, "", ":path", "x");
        row(":path absolute", RESET, REST, "", ":path", "http://other/x");
        row(":path with a query alone", RESET, REST, "", ":path", "?x");
        row(":path * for GET", 400, REST, "", ":path", "*");
        row(":path * and more", 400, REST, "", ":path", "*x");
        row(":path with a space", 400, REST, "", ":path", "/x y");
        row(":path with a version", 400, REST, "", ":path", "/ HTTP/1.1");
        row(":path with a tab", RESET, REST, "", ":path", "/x\t");
        row(":path with a tab inside", 400, REST, "", ":path", "/x\ty");
        row(":path with a fragment", 400, REST, "", ":path", "/x#y");
        row(":path with a byte above 127", 400, REST, "", ":path", "/\u00e4");
        row(":path with dot segments", 400, REST, "", ":path", "/a/../b");
        row(":path with encoded dot segments", 400, REST, "", ":path", "/a/%2e%2E/b");
        row(":path with LF", RESET, REST, "", ":path", "/\nx: y");
        row(":path with CR", RESET, REST, "", ":path", "/\rx");
        row(":path longer than limits.request-line", 414, REST, "", ":path", "/" + "x".repeat(9000));
        row(":path with DEL", RESET, REST, "", ":path", "/\u007f");
    }

    private void authorities() {
        row("host other than :authority", RESET, REST, "", "host", "other.example");
        row("host with another port", RESET, REST, "", "host", "shop.example:81");
        row("host twice", RESET, REST, "", "host", "shop.example", "host", "other.example");
        row(
                "host twice without :authority",
                RESET,
                ":method",
                "GET",
                ":scheme",
                "http",
                ":path",
                "/",
                "host",
                "a",
                "host",
                "a");
        row("host empty without :authority", 400, ":method", "GET", ":scheme", "http", ":path", "/", "host", "");
        row(":authority with user information", 400, REST, "", ":authority", "user@shop.example");
        row(":authority with password", 400, REST, "", ":authority", "user:pass@shop.example");
        row(":authority with a path", 400, REST, "", ":authority", "shop.example/x");
        row(":authority with a space", 400, REST, "", ":authority", "shop.example x");
        row(":authority with a list", 400, REST, "", ":authority", "shop.example,other");
        row(":authority with a scheme", 400, REST, "", ":authority", "http://shop.example");
        row(":authority with a port that is none", 400, REST, "", ":authority", "shop.example:8x");
        row(":authority with a long port", 400, REST, "", ":authority", "shop.example:123456");
        row(":authority with an open bracket", 400, REST, "", ":authority", "[::1");
        row(":authority with a backslash", 400, REST, "", ":authority", "shop\\example");
        row(":authority a port alone", 400, REST, "", ":authority", ":80");
    }

    private void fields() {
        row("name in upper case", RESET, REST, "", "X-Upper", "x");
        row("one letter in upper case", RESET, REST, "", "accepT", "x");
        row("name empty", RESET, REST, "", "", "x");
        row("name with a space", RESET, REST, "", "a b", "x");
        row("name with a trailing space", RESET, REST, "", "content-length ", "5");
        row("name with a colon", RESET, REST, "", "x:y", "x");
        row("name with CR LF", RESET, REST, "", "x\r\ny", "x");
        row("name with NUL", RESET, REST, "", "x\0", "x");
        row("name with a byte above 127", RESET, REST, "", "x\u00e4", "x");
        row("name with a control byte", RESET, REST, "", "x\u0001", "x");
        row("name with a parenthesis", RESET, REST, "", "x(", "x");
        row("value with CR LF", RESET, REST, "", "x", "a\r\ntransfer-encoding: chunked");
        row("value with LF", RESET, REST, "", "x", "a\nb");
        row("value with CR", RESET, REST, "", "x", "a\rb");
        row("value with NUL", RESET, REST, "", "x", "a\0b");
        row("value with a control byte", RESET, REST, "", "x", "a\u0001b");
        row("value with DEL", RESET, REST, "", "x", "a\u007fb");
        row("value with a leading space", RESET, REST, "", "x", " a");
        row("value with a trailing space", RESET, REST, "", "x", "a ");
        row("value with a leading tab", RESET, REST, "", "x", "\ta");
        row("value with a trailing tab", RESET, REST, "", "x", "a\t");
        row("value a space alone", RESET, REST, "", "x", " ");
        row("cookie with CR LF", RESET, REST, "", "cookie", "a=1\r\nx: y");
        row("host with CR LF", RESET, REST, "", "host", "shop.example\r\nx: y");
        row("connection", RESET, REST, "", "connection", "close");
        row("connection that names content-length", RESET, REST, "", "connection", "content-length");
        row("keep-alive", RESET, REST, "", "keep-alive", "1");
        row("proxy-connection", RESET, REST, "", "proxy-connection", "close");
        row("upgrade", RESET, REST, "", "upgrade", "websocket");
        row("upgrade to h2c", RESET, REST, "", "upgrade", "h2c");
        row("transfer-encoding chunked", RESET, REST, "", "transfer-encoding", "chunked");
        row("transfer-encoding identity", RESET, REST, "", "transfer-encoding", "identity");
        row("transfer-encoding with a length", RESET, REST, "", "transfer-encoding", "chunked", "content-length", "5");
        row("te other than trailers", RESET, REST, "", "te", "gzip");
        row("te with trailers and more", RESET, REST, "", "te", "trailers, gzip");
        row("te twice", RESET, REST, "", "te", "trailers", "te", "trailers");
        row("te empty", RESET, REST, "", "te", "");
    }

    private void lengths() {
        row("content-length without DATA", RESET, REST, "", "content-length", "5");
        body("less DATA than content-length", RESET, List.of("abc"), REST, "", "content-length", "5");
        body("more DATA than content-length", RESET, List.of("abcdef"), REST, "", "content-length", "5");
        body("more DATA in the second frame", RESET, List.of("abc", "def"), REST, "", "content-length", "5");
        body("DATA for content-length 0", RESET, List.of("GET / HTTP/1.1\r\n"), REST, "", "content-length", "0");
        body("no DATA for content-length", RESET, List.of(""), REST, "", "content-length", "5");
        body("content-length twice", RESET, List.of("abcde"), REST, "", "content-length", "5", "content-length", "5");
        body(
                "content-length twice, different",
                RESET,
                List.of("abc"),
                REST,
                "",
                "content-length",
                "5",
                "content-length",
                "3");
        body("content-length a list", RESET, List.of("abcde"), REST, "", "content-length", "5, 5");
        body("content-length signed", RESET, List.of("abcde"), REST, "", "content-length", "+5");
        body("content-length negative", RESET, List.of("abcde"), REST, "", "content-length", "-5");
        body("content-length hexadecimal", RESET, List.of("abcde"), REST, "", "content-length", "0x5");
        body("content-length empty", RESET, List.of("abcde"), REST, "", "content-length", "");
        body("content-length a word", RESET, List.of("abcde"), REST, "", "content-length", "five");
        body("content-length too long", RESET, List.of("abcde"), REST, "", "content-length", "9".repeat(30));
        body("content-length with a space inside", RESET, List.of("abcde"), REST, "", "content-length", "5 5");
    }

    /** A tunnel (RFC 8441): what frames a body would have a server of HTTP/1.1 take the next request for it. */
    private void tunnels() {
        String next = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
        for (String length : List.of("5", "05", "1000000", "+5", "5, 5", "", "x")) {
            body("WebSocket with content-length " + length, RESET, List.of(next), tunnel("content-length", length));
            row("WebSocket that ends, with content-length " + length, RESET, tunnel("content-length", length));
        }
        body("WebSocket with two lengths", RESET, List.of(next), tunnel("content-length", "0", "content-length", "0"));
        body("WebSocket with transfer-encoding", RESET, List.of(next), tunnel("transfer-encoding", "chunked"));
        body("WebSocket with connection", RESET, List.of(next), tunnel("connection", "upgrade"));
        body("WebSocket with upgrade", RESET, List.of(next), tunnel("upgrade", "websocket"));
        body("WebSocket with te", RESET, List.of(next), tunnel("te", "chunked"));
        body("WebSocket with another host", RESET, List.of(next), tunnel("host", "other.example"));
    }

    private static String[] tunnel(String... further) {
        List<String> all = new ArrayList<>(List.of(REST, "", ":method", "CONNECT", ":protocol", "websocket"));
        all.addAll(List.of(further));
        return all.toArray(String[]::new);
    }

    @TestFactory
    Stream<DynamicTest> none() {
        pseudoHeaders();
        lines();
        authorities();
        fields();
        lengths();
        tunnels();
        assertThat(rows).hasSizeGreaterThanOrEqualTo(80);
        return Stream.of(DynamicTest.dynamicTest(rows.size() + " rows", this::all));
    }

    private static Origin counting(AtomicInteger whole) throws Exception {
        return Origin.serving(connection -> {
            for (String head = connection.readHead(); head != null; head = connection.readHead()) {
                Matcher length = LENGTH.matcher(head);
                int body = length.find() ? Integer.parseInt(length.group(1)) : 0;
                if (connection.in.readNBytes(body).length < body) {
                    return;
                }
                whole.incrementAndGet();
                connection.answer("200 OK", "reached");
            }
        });
    }

    private void all() throws Exception {
        AtomicInteger whole = new AtomicInteger();
        try (Origin origin = counting(whole);
                Proxy proxy = Proxy.start(folder, Proxy.section("limits: { http2: { resets: 100000 } }\n", origin));
                H2 h2 = H2.to(proxy.address())) {
            for (Row row : rows) {
                int before = whole.get();
                H2.Stream got = h2.read(send(h2, row));
                assertThat(h2.goAway).as(row.name + ": " + h2.goAwayText).isEqualTo(H2.NONE);
                if (row.answer == RESET) {
                    assertThat(got.reset)
                            .as(row.name + " is reset, status " + got.status)
                            .isEqualTo(1);
                    assertThat(got.status).as(row.name).isZero();
                } else {
                    assertThat(got.status).as(row.name).isEqualTo(row.answer);
                }
                assertThat(whole.get()).as(row.name + " reached the server").isEqualTo(before);
            }
            assertThat(h2.get("/").body()).isEqualTo("reached");
            assertThat(whole.get()).isEqualTo(1);
        }
    }

    private static int send(H2 h2, Row row) throws Exception {
        List<String> fields = new ArrayList<>();
        int stream = h2.newStream();
        for (int i = 0; i < row.fields.size(); i += 2) {
            if (row.fields.get(i).equals(REST)) {
                for (String name : List.of(":method", ":scheme", ":authority", ":path")) {
                    boolean own = false;
                    for (int k = i + 2; k < row.fields.size(); k += 2) {
                        own |= row.fields.get(k).equalsIgnoreCase(name);
                    }
                    if (!own) {
                        fields.addAll(Arrays.asList(name, value(name)));
                    }
                }
            } else {
                fields.add(row.fields.get(i));
                fields.add(row.fields.get(i + 1));
            }
        }
        h2.headers(stream, row.data.isEmpty(), fields.toArray(String[]::new));
        for (int i = 0; i < row.data.size(); i++) {
            h2.frame(
                    H2.DATA,
                    i == row.data.size() - 1 ? H2.END_STREAM : 0,
                    stream,
                    row.data.get(i).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
        }
        h2.flush();
        return stream;
    }
}
