package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests that a server of HTTP/2 says it did nothing for (RFC 9113 6.8 and 8.7), whatever their method. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class RefusedStreamIT {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int GOAWAY = 7;
    private static final int REFUSED_STREAM = 7;
    private static final int CANCEL = 8;

    @TempDir
    Path folder;

    /** What a server does with a request. */
    enum Does {
        ANSWERS,
        GOES_AWAY_BEFORE,
        GOES_AWAY_AFTER,
        REFUSES,
        CANCELS,
        FAILS
    }

    /** The requests' bodies as they came. */
    private final List<String> bodies = new CopyOnWriteArrayList<>();

    private Origin server(Does... requests) throws IOException {
        return Origin.serving(connection -> {
            DataInputStream in = new DataInputStream(connection.in);
            DataOutputStream out = new DataOutputStream(connection.out);
            in.readNBytes(24);
            frame(out, SETTINGS, 0, 0);
            Map<Integer, ByteArrayOutputStream> open = new HashMap<>();
            while (true) {
                int length = in.readUnsignedShort() << 8 | in.readUnsignedByte();
                int type = in.readUnsignedByte();
                int flags = in.readUnsignedByte();
                int stream = in.readInt();
                byte[] payload = in.readNBytes(length);
                if (type == SETTINGS && flags == 0) {
                    frame(out, SETTINGS, 1, 0);
                }
                if (type == HEADERS) {
                    open.put(stream, new ByteArrayOutputStream());
                }
                ByteArrayOutputStream body = open.get(stream);
                if (type == DATA && body != null) {
                    body.write(payload);
                }
                if ((type == DATA || type == HEADERS) && (flags & 1) != 0 && body != null) {
                    int number = bodies.size();
                    bodies.add(body.toString(StandardCharsets.US_ASCII));
                    if (!does(requests[Math.min(number, requests.length - 1)], stream, out)) {
                        return;
                    }
                }
            }
        });
    }

    /** Whether the connection goes on. */
    private static boolean does(Does what, int stream, DataOutputStream out) throws IOException {
        switch (what) {
            case ANSWERS -> frame(out, HEADERS, 5, stream, (byte) 0x88);
            case REFUSES -> frame(out, RST_STREAM, 0, stream, (byte) 0, (byte) 0, (byte) 0, (byte) REFUSED_STREAM);
            case CANCELS -> frame(out, RST_STREAM, 0, stream, (byte) 0, (byte) 0, (byte) 0, (byte) CANCEL);
            case FAILS -> frame(out, RST_STREAM, 0, stream, (byte) 0, (byte) 0, (byte) 0, (byte) 2);
            case GOES_AWAY_BEFORE, GOES_AWAY_AFTER -> {
                int last = what == Does.GOES_AWAY_AFTER ? stream : 0;
                frame(out, GOAWAY, 0, 0, (byte) 0, (byte) 0, (byte) 0, (byte) last, (byte) 0, (byte) 0, (byte) 0, (byte)
                        0);
                return false;
            }
        }
        return true;
    }

    private static void frame(DataOutputStream out, int type, int flags, int stream, byte... payload)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream frame = new DataOutputStream(bytes);
        frame.writeByte(0);
        frame.writeShort(payload.length);
        frame.writeByte(type);
        frame.writeByte(flags);
        frame.writeInt(stream);
        frame.write(payload);
        out.write(bytes.toByteArray());
        out.flush();
    }

    private Proxy proxy(Origin server) throws Exception {
        return Proxy.start(folder, """
              routes: { all: { pool: web } }
              pools: { web: { servers: { s: "%s" }, protocol: http2 } }
            """.formatted(server.at()), 1);
    }

    private static int post(Proxy proxy, String body, boolean chunked) throws IOException {
        try (Http http = proxy.connect()) {
            String framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + body.length();
            String data = chunked ? Integer.toHexString(body.length()) + "\r\n" + body + "\r\n0\r\n\r\n" : body;
            http.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing + "\r\n\r\n" + data);
            return http.read().status();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Does.class,
            names = {"GOES_AWAY_BEFORE", "REFUSES"})
    void aRequestIsSentAgainWithItsBody(Does first) throws Exception {
        try (Origin server = server(first, Does.ANSWERS, first, first, Does.ANSWERS, first, Does.ANSWERS);
                Proxy proxy = proxy(server)) {
            assertThat(post(proxy, "hello", false)).isEqualTo(200);
            assertThat(bodies).containsExactly("hello", "hello");
            assertThat(post(proxy, "chunked", true)).isEqualTo(200);
            assertThat(bodies.subList(2, bodies.size())).containsExactly("chunked", "chunked", "chunked");
            try (H2 h2 = H2.to(proxy.address())) {
                int stream = h2.request("POST", "/", false);
                h2.data(stream, "of a stream", true);
                assertThat(h2.read(stream).status).isEqualTo(200);
            }
            assertThat(bodies.subList(5, bodies.size())).containsExactly("of a stream", "of a stream");
            assertThat(proxy.metrics()).contains("lb_proxy_retries_total 4.0");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Does.class,
            names = {"GOES_AWAY_AFTER", "CANCELS", "FAILS"})
    void whatMayHaveBeenDoneIsNotSentAgain(Does first) throws Exception {
        try (Origin server = server(first, Does.ANSWERS);
                Proxy proxy = proxy(server)) {
            assertThat(post(proxy, "hello", false)).isEqualTo(502);
            assertThat(bodies).containsExactly("hello");
            assertThat(post(proxy, "again", false)).isEqualTo(200);
        }
    }

    /** So its client says DEADLINE_EXCEEDED or CANCELLED, as without a proxy, and not UNAVAILABLE as of a 502. */
    @Test
    void aCallThatItsServerGivesUpIsGivenUpToItsClient() throws Exception {
        try (Origin server = server(Does.CANCELS, Does.ANSWERS);
                Proxy proxy = proxy(server);
                H2 h2 = H2.to(proxy.address())) {
            int call = h2.request("POST", "/", true, "content-type", "application/grpc", "te", "trailers");
            assertThat(h2.read(call).reset).isEqualTo(CANCEL);
            int next = h2.request("POST", "/", true, "content-type", "application/grpc", "te", "trailers");
            assertThat(h2.read(next).status).isEqualTo(200);
        }
    }

    @Test
    void aBodyLargerThanWhatIsKeptIsNotSentAgainNorIsOneThatIsAlwaysRefused() throws Exception {
        try (Origin server = server(Does.REFUSES);
                Proxy proxy = proxy(server)) {
            assertThat(post(proxy, "x".repeat(5_000), false)).isEqualTo(502);
            assertThat(bodies).hasSize(1);
            assertThat(post(proxy, "small", false)).isEqualTo(502);
            assertThat(bodies).hasSize(4);
        }
    }
}
