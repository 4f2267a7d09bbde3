package io.plinth.lbproxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An HTTP/2 client on a plain socket that sends what it is told, right or wrong; HPACK is Netty's. Not thread-safe. */
final class H2 implements AutoCloseable {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;
    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;
    static final int NONE = -1;

    private static final int PATIENCE_MILLIS = 60_000;
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    /** What has come of one stream. */
    static final class Stream {
        final List<Integer> interims = new ArrayList<>();
        final Map<String, String> headers = new LinkedHashMap<>();
        final Map<String, String> trailers = new LinkedHashMap<>();
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int status;
        boolean ended;
        int reset = NONE;

        String body() {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }
    }

    final Socket socket;
    final DataInputStream in;
    final DataOutputStream out;
    final Map<Integer, Stream> streams = new LinkedHashMap<>();
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private ByteArrayOutputStream block = new ByteArrayOutputStream();
    private int nextStream = 1;
    boolean givesWindow = true;
    boolean acknowledges = true;
    int goAway = NONE;
    String goAwayText = "";
    int settingsAcks;
    int pingAcks;
    private final Map<Integer, Long> windows = new LinkedHashMap<>();

    /** By how much the server has opened a window. */
    long windowOf(int stream) {
        return windows.getOrDefault(stream, 0L);
    }

    private H2(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream(), 1 << 16));
    }

    /** Connected, with the preface and settings sent. */
    static H2 to(InetSocketAddress address, int... settings) throws IOException {
        Socket socket = new Socket();
        socket.connect(address, PATIENCE_MILLIS);
        return over(socket, settings);
    }

    static H2 over(Socket socket, int... settings) throws IOException {
        H2 h2 = new H2(socket);
        h2.out.write(PREFACE.getBytes(StandardCharsets.US_ASCII));
        h2.settings(settings);
        h2.flush();
        return h2;
    }

    void settings(int... idsAndValues) throws IOException {
        ByteBuf payload = Unpooled.buffer();
        for (int i = 0; i < idsAndValues.length; i += 2) {
            payload.writeShort(idsAndValues[i]).writeInt(idsAndValues[i + 1]);
        }
        frame(SETTINGS, 0, 0, ByteBufUtil.getBytes(payload));
    }

    void flush() throws IOException {
        out.flush();
    }

    void frame(int type, int flags, int stream, byte... payload) throws IOException {
        out.write(payload.length >>> 16);
        out.writeShort(payload.length);
        out.write(type);
        out.write(flags);
        out.writeInt(stream);
        out.write(payload);
    }

    void windowUpdate(int stream, int increment) throws IOException {
        frame(WINDOW_UPDATE, 0, stream, ByteBufUtil.getBytes(Unpooled.buffer(4).writeInt(increment)));
    }

    void reset(int stream, int code) throws IOException {
        frame(RST_STREAM, 0, stream, ByteBufUtil.getBytes(Unpooled.buffer(4).writeInt(code)));
    }

    /** A header block of exactly these fields. */
    byte[] block(String... namesAndValues) {
        ByteBuf to = Unpooled.buffer();
        try {
            for (int i = 0; i < namesAndValues.length; i += 2) {
                // One by one, since Netty would put pseudo-headers first.
                Http2Headers field = new DefaultHttp2Headers(false);
                field.add(ascii(namesAndValues[i]), ascii(namesAndValues[i + 1]));
                encoder.encodeHeaders(1, field, to);
            }
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
        return ByteBufUtil.getBytes(to);
    }

    private static AsciiString ascii(String text) {
        return new AsciiString(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void headers(int stream, boolean end, String... namesAndValues) throws IOException {
        frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block(namesAndValues));
    }

    int newStream() {
        int stream = nextStream;
        nextStream += 2;
        return stream;
    }

    /** Sends a right request's head; {@code fields} follow the pseudo-headers. */
    int request(String method, String path, boolean end, String... fields) throws IOException {
        int stream = newStream();
        String[] all = new String[8 + fields.length];
        System.arraycopy(
                new String[] {":method", method, ":scheme", "http", ":authority", "shop.example", ":path", path},
                0,
                all,
                0,
                8);
        System.arraycopy(fields, 0, all, 8, fields.length);
        headers(stream, end, all);
        flush();
        return stream;
    }

    Stream get(String path) throws IOException {
        return read(request("GET", path, true));
    }

    void data(int stream, String text, boolean end) throws IOException {
        frame(DATA, end ? END_STREAM : 0, stream, text.getBytes(StandardCharsets.ISO_8859_1));
        flush();
    }

    Stream stream(int id) {
        return streams.computeIfAbsent(id, none -> new Stream());
    }

    /** Reads until the stream has ended, one way or another. */
    Stream read(int id) throws IOException {
        Stream stream = stream(id);
        while (!stream.ended && stream.reset == NONE && goAway == NONE) {
            if (!readFrame()) {
                break;
            }
        }
        return stream;
    }

    /** Reads until the server closes; what it last said is in {@link #goAway}. */
    void readToEnd() {
        try {
            while (readFrame()) {}
        } catch (SocketException closed) {
            // A reset ends it as well.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads and acts on one frame; false at the end. */
    boolean readFrame() throws IOException {
        int first = in.read();
        if (first < 0) {
            return false;
        }
        byte[] payload;
        int type;
        int flags;
        int id;
        try {
            int length = first << 16 | in.readUnsignedShort();
            type = in.read();
            flags = in.read();
            id = in.readInt();
            payload = new byte[length];
            in.readFully(payload);
        } catch (EOFException cut) {
            return false;
        }
        act(type, flags, id, payload);
        return true;
    }

    private void act(int type, int flags, int id, byte[] payload) throws IOException {
        switch (type) {
            case DATA -> {
                stream(id).bytes.write(payload);
                stream(id).ended |= (flags & END_STREAM) != 0;
                if (givesWindow && payload.length > 0) {
                    windowUpdate(0, payload.length);
                    if (!stream(id).ended) {
                        windowUpdate(id, payload.length);
                    }
                    flush();
                }
            }
            case HEADERS, CONTINUATION -> {
                block.write(payload);
                if ((flags & END_HEADERS) != 0) {
                    fields(stream(id), block.toByteArray());
                    block = new ByteArrayOutputStream();
                }
                stream(id).ended |= type == HEADERS && (flags & END_STREAM) != 0;
            }
            case RST_STREAM ->
                stream(id).reset = Unpooled.wrappedBuffer(payload).readInt();
            case SETTINGS -> {
                if ((flags & 1) == 0 && acknowledges) {
                    frame(SETTINGS, 1, 0);
                    flush();
                } else if ((flags & 1) != 0) {
                    settingsAcks++;
                }
            }
            case WINDOW_UPDATE ->
                windows.merge(id, (long) Unpooled.wrappedBuffer(payload).readInt(), Long::sum);
            case PING -> pingAcks++;
            case GOAWAY -> {
                goAway = Unpooled.wrappedBuffer(payload).getInt(4);
                goAwayText = new String(payload, 8, payload.length - 8, StandardCharsets.US_ASCII);
            }
            default -> {}
        }
    }

    private void fields(Stream stream, byte[] bytes) throws IOException {
        Http2Headers headers;
        try {
            headers = decoder.decodeHeaders(1, Unpooled.wrappedBuffer(bytes));
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
        CharSequence status = headers.status();
        if (status != null && status.charAt(0) == '1') {
            stream.interims.add(Integer.parseInt(status.toString()));
            return;
        }
        Map<String, String> into = status == null ? stream.trailers : stream.headers;
        if (status != null) {
            stream.status = Integer.parseInt(status.toString());
        }
        headers.forEach(field ->
                into.merge(field.getKey().toString(), field.getValue().toString(), (one, two) -> one + "\n" + two));
    }

    /** Whether nothing comes for a while. */
    boolean quiet() throws IOException {
        socket.setSoTimeout(300);
        try {
            in.mark(1);
            boolean none = in.read() < 0;
            in.reset();
            return none;
        } catch (java.net.SocketTimeoutException nothing) {
            return true;
        } finally {
            socket.setSoTimeout(PATIENCE_MILLIS);
        }
    }

    /** What the server said last before it closed, for a connection that it ends. */
    @Nullable
    Integer ending() {
        readToEnd();
        return goAway == NONE ? null : goAway;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
