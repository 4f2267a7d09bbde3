package io.plinth.lbproxy.wire.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.plinth.testkit.LeakCheck;
import io.plinth.testkit.SplitFeeding;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(LeakCheck.class)
class Http1RequestTest {
    private static final String HOST = "Host: a\r\n";

    private static List<String> read(String text) {
        return SplitFeeding.of(RequestReading.bytes(text)).rounds(30).decoder(RequestReading::new);
    }

    private static List<String> dechunk(String text) {
        return SplitFeeding.of(RequestReading.bytes(text)).decoder(sink -> new RequestReading(sink, false));
    }

    @Test
    void requestsOfOneConnectionAreToldApart() {
        assertThat(read("GET /a?b=c HTTP/1.1\r\nHost: shop.example:80\r\nX-Empty:\r\nX:  v\t \r\n\r\n"
                        + "\r\nHEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"))
                .containsExactly(
                        "GET /a?b=c NONE lasts|Host=shop.example:80|X-Empty=|X=v",
                        "end of 0",
                        "HEAD / NONE lasts|Connection=keep-alive",
                        "end of 0");
    }

    @Test
    void aBodyIsAsLongAsItsLength() {
        assertThat(read("POST / HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n"))
                .hasSize(5)
                .contains("hello", "end of 5", "GET / NONE closes");
    }

    @Test
    void chunksGoOnWithoutTheirExtensions() {
        List<String> with = read("POST / HTTP/1.1\r\n" + HOST
                + "Transfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d;\"\r\nhello\r\nA ; x\r\n0123456789\r\n0;last\r\n\r\n");
        List<String> without = read("POST / HTTP/1.1\r\n" + HOST
                + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n");
        assertThat(with).isEqualTo(without).contains("5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", "end of 15");
    }

    @Test
    void trailersAreReadApartFromTheChunks() {
        assertThat(read("POST / HTTP/1.1\r\n" + HOST
                        + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n"))
                .contains("end of 1 trailers X-Sum: 1\r\nX-Two: 2\r\n");
    }

    @Test
    void chunksBecomeTheirDataForWhoCannotReadThem() {
        String head = "POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n";
        assertThat(dechunk(head + "5;x\r\nhello\r\n2\r\nab\r\n0\r\nT: 1\r\n\r\n"))
                .contains("helloab");
    }

    @Test
    void anAbsoluteTargetMustNameItsHost() {
        assertThat(read("GET http://a/p HTTP/1.1\r\nHost: A\r\n\r\n"))
                .first()
                .asString()
                .startsWith("GET /p NONE lasts");
        assertThat(read("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n"))
                .first()
                .asString()
                .startsWith("GET ?q NONE");
        assertThat(read("GET http://b/p HTTP/1.1\r\nHost: a\r\n\r\n")).containsExactly("HOST");
    }

    @Test
    void aWebSocketHandshakeIsSeen() {
        assertThat(read("GET /ws HTTP/1.1\r\n" + HOST
                        + "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"))
                .first()
                .asString()
                .contains("lasts upgrade");
        assertThat(read("GET /ws HTTP/1.1\r\n" + HOST + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"))
                .first()
                .asString()
                .doesNotContain("lasts upgrade");
    }

    /** Each of these has split a front and a back of some pair of servers. */
    @ParameterizedTest(name = "[{index}] {0} -> {1}")
    @CsvSource(delimiter = '~', quoteCharacter = '`', textBlock = """
        Content-Length: 5\\r\\nTransfer-Encoding: chunked ~ LENGTH_AND_ENCODING
        Content-Length: 5\\r\\nContent-Length: 6 ~ CONTENT_LENGTH
        Content-Length: 5\\r\\nContent-Length: 5 ~ CONTENT_LENGTH
        Content-Length: 5, 5 ~ CONTENT_LENGTH
        Content-Length: +5 ~ CONTENT_LENGTH
        Content-Length: -5 ~ CONTENT_LENGTH
        Content-Length: 0x5 ~ CONTENT_LENGTH
        Content-Length: 5 5 ~ CONTENT_LENGTH
        Content-Length: ~ CONTENT_LENGTH
        Content-Length: 9999999999999999999 ~ CONTENT_LENGTH
        Content-Length: 10001 ~ BODY_TOO_LARGE
        Transfer-Encoding: chunked, chunked ~ TRANSFER_CODING
        Transfer-Encoding: gzip, chunked ~ TRANSFER_CODING
        Transfer-Encoding: chunked, xchunked ~ TRANSFER_ENCODING
        Transfer-Encoding: xchunked ~ TRANSFER_ENCODING
        Transfer-Encoding: chunked, identity ~ TRANSFER_ENCODING
        Transfer-Encoding: identity ~ TRANSFER_ENCODING
        Transfer-Encoding: ~ TRANSFER_ENCODING
        Transfer-Encoding: "chunked" ~ TRANSFER_ENCODING
        Transfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked ~ TRANSFER_ENCODING
        Transfer-Encoding : chunked ~ SPACE_BEFORE_COLON
        Transfer-Encoding\\t: chunked ~ SPACE_BEFORE_COLON
        X: a\\r\\n b ~ LINE_FOLDING
        X: a\\r\\n\\tb ~ LINE_FOLDING
        X: a\\nY: b ~ BARE_CR_LF
        X: a\\rY: b ~ BARE_CR_LF
        X: a\\0b ~ CONTROL_BYTE
        X: a\\x7fb ~ CONTROL_BYTE
        X\\nY: b ~ BARE_CR_LF
        : b ~ HEADER_NAME
        X(Y): b ~ HEADER_NAME
        X ~ BARE_CR_LF
        Host: b ~ HOST
        """)
    void aHeaderThatServersReadDifferentlyIsRefused(String header, String rejection) {
        assertThat(read("POST / HTTP/1.1\r\n" + HOST + unescape(header) + "\r\n\r\n0\r\n\r\n"))
                .containsExactly(rejection);
    }

    @ParameterizedTest(name = "[{index}] {0} -> {1}")
    @CsvSource(delimiter = '~', quoteCharacter = '`', textBlock = """
        GET / ~ REQUEST_LINE
        GET ~ REQUEST_LINE
        GET  / HTTP/1.1 ~ REQUEST_LINE
        GET /  HTTP/1.1 ~ REQUEST_LINE
        GET / HTTP/1.1 x ~ REQUEST_LINE
        GET / HTTP/1.1` ` ~ REQUEST_LINE
        G(T / HTTP/1.1 ~ METHOD
        ` GET / HTTP/1.1` ~ METHOD
        GET / HTTP/2.0 ~ VERSION
        GET / HTTP/0.9 ~ VERSION
        GET / HTTP/1.2 ~ VERSION
        PRI * HTTP/2.0 ~ TARGET
        GET / http/1.1 ~ REQUEST_LINE
        GET / HTTP/1.11 ~ REQUEST_LINE
        GET /a#b HTTP/1.1 ~ TARGET
        GET /\\x80 HTTP/1.1 ~ TARGET
        GET a HTTP/1.1 ~ TARGET
        GET * HTTP/1.1 ~ TARGET
        GET http:/// HTTP/1.1 ~ TARGET
        GET http://u@a/ HTTP/1.1 ~ TARGET
        GET /a\\tb HTTP/1.1 ~ CONTROL_BYTE
        GET /a\\0b HTTP/1.1 ~ CONTROL_BYTE
        CONNECT a:443 HTTP/1.1 ~ CONNECT
        GET /../x HTTP/1.1 ~ DOT_SEGMENT
        GET /a/./x HTTP/1.1 ~ DOT_SEGMENT
        GET /a/%2e%2E/x HTTP/1.1 ~ DOT_SEGMENT
        GET /a/.. HTTP/1.1 ~ DOT_SEGMENT
        GET http://a/.. HTTP/1.1 ~ DOT_SEGMENT
        """)
    void aWrongRequestLineIsRefused(String line, String rejection) {
        assertThat(read(unescape(line) + "\r\n" + HOST + "\r\n")).containsExactly(rejection);
    }

    @ParameterizedTest
    @CsvSource({
        "GET /.x HTTP/1.1",
        "GET /a..b HTTP/1.1",
        "GET /...?/../ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET /%2f HTTP/1.1"
    })
    void anUnusualButRightRequestLineIsRead(String line) {
        assertThat(read(line + "\r\n" + HOST + "\r\n")).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"a b", "a/b", "''", "a:b", "a:123456", "[::1", "[]", "a@b", "[::1]x", ":80"})
    void aMalformedHostIsRefused(String host) {
        assertThat(read("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")).containsExactly("HOST");
    }

    @Test
    void onlyHttp10MayLackAHost() {
        assertThat(read("GET / HTTP/1.1\r\n\r\n")).containsExactly("HOST");
        assertThat(read("GET / HTTP/1.0\r\n\r\n")).contains("end of 0");
        assertThat(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"))
                .containsExactly("TRANSFER_ENCODING");
    }

    @ParameterizedTest(name = "[{index}] {0} -> {1}")
    @CsvSource(delimiter = '~', quoteCharacter = '`', textBlock = """
        \\r\\n ~ CHUNK
        -1\\r\\n ~ CHUNK
        0x1\\r\\n ~ CHUNK
        1\\nx\\r\\n0\\r\\n\\r\\n ~ CHUNK
        1\\rx\\r\\n0\\r\\n\\r\\n ~ CHUNK
        1\\r\\nxx\\r\\n0\\r\\n\\r\\n ~ CHUNK
        1\\r\\nx\\n0\\r\\n\\r\\n ~ CHUNK
        1;a\\nb\\r\\nx\\r\\n0\\r\\n\\r\\n ~ CHUNK
        1;a="\\n"\\r\\nx\\r\\n0\\r\\n\\r\\n ~ CHUNK
        1 2\\r\\nx\\r\\n0\\r\\n\\r\\n ~ CHUNK
        1234567890123456\\r\\n ~ CHUNK
        fffffff\\r\\n ~ BODY_TOO_LARGE
        00000000000000000000000000000000000000000000000000000000000000001\\r\\n ~ CHUNK
        1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\r\\n ~ CHUNK_LINE_TOO_LONG
        0\\r\\nX y: z\\r\\n\\r\\n ~ SPACE_BEFORE_COLON
        0\\r\\nX: y\\nZ: z\\r\\n\\r\\n ~ BARE_CR_LF
        0\\r\\n\\rX ~ CHUNK
        """)
    void aMalformedChunkIsRefused(String chunks, String rejection) {
        assertThat(read("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n" + unescape(chunks)))
                .last()
                .isEqualTo(rejection);
    }

    @Test
    void everythingHasALimit() {
        assertThat(read("GET /" + "a".repeat(300) + " HTTP/1.1\r\n" + HOST + "\r\n"))
                .containsExactly("TARGET_TOO_LONG");
        assertThat(read("GET / HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(1100) + "\r\n\r\n"))
                .containsExactly("HEADERS_TOO_LARGE");
        assertThat(read("GET / HTTP/1.1\r\n" + HOST + "X".repeat(1100))).containsExactly("HEADERS_TOO_LARGE");
        assertThat(read("GET / HTTP/1.1\r\n" + HOST + "X: a\r\n".repeat(20) + "\r\n"))
                .containsExactly("TOO_MANY_HEADERS");
        assertThat(read("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + "a".repeat(300)
                        + "\r\n\r\n"))
                .last()
                .isEqualTo("TRAILERS_TOO_LARGE");
        assertThat(read("POST / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n"
                        + ("800\r\n" + "a".repeat(0x800) + "\r\n").repeat(5)))
                .last()
                .isEqualTo("BODY_TOO_LARGE");
    }

    @Test
    void aHeadThatGrowsOverItsFirstBufferIsReadWhole() {
        RequestHead head = new RequestHead();
        HeadParser parser = new HeadParser(new Http1Limits(8192, 65536, 500, 64, 64), head);
        String fields = "Name-Of-A-Field: and its value\r\n".repeat(400);
        ByteBuf in = io.netty.buffer.Unpooled.wrappedBuffer(
                RequestReading.bytes("GET / HTTP/1.1\r\n" + fields + "\r\nrest"));
        assertThat(parser.parse(in)).isEqualTo(HeadParser.Outcome.DONE);
        assertThat(head.count()).isEqualTo(400);
        assertThat(head.value(399)).isEqualTo("and its value");
        assertThat(in.readableBytes()).isEqualTo(4);
    }

    @Test
    void connectionNamesFieldsThatGoNoFurtherButNeverThoseThatFrame() {
        RequestHead head = new RequestHead();
        HeadParser parser = new HeadParser(RequestReading.LIMITS, head);
        ByteBuf in = io.netty.buffer.Unpooled.wrappedBuffer(RequestReading.bytes("POST / HTTP/1.1\r\nHost: a\r\n"
                + "Connection: close, X-Secret, Host, content-length\r\nx-secret: 1\r\nContent-Length: 1\r\n\r\n"));
        parser.parse(in);
        Framing framing = new Framing();
        assertThat(framing.request(head)).isNull();
        assertThat(framing.keepAlive()).isFalse();
        ByteBuf out = io.netty.buffer.Unpooled.buffer();
        head.copyFields(out, HeaderName.bit(HeaderName.NAMED_BY_CONNECTION) | HeaderName.bit(HeaderName.CONNECTION));
        assertThat(out.toString(java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("Host: a\r\nContent-Length: 1\r\n");
    }

    private static String unescape(String text) {
        return text.replace("\\r", "\r")
                .replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace("\\0", "\0")
                .replace("\\x7f", "\u007f")
                .replace("\\x80", "\u0080");
    }
}
