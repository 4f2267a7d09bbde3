package io.plinth.lbproxy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A server that reads requests as RFC 9112 has them, keeps the bytes of each that came whole, and answers with its target. Its
 * list is guarded by itself.
 */
final class RecordingOrigin implements AutoCloseable {
    private static final Pattern LENGTH = Pattern.compile("(?imd)^content-length:[ \t]*([0-9]+)[ \t]*\r$");
    private static final Pattern CHUNKED = Pattern.compile("(?imd)^transfer-encoding:[ \t]*chunked[ \t]*\r$");

    private final List<String> whole = new ArrayList<>();
    private final Origin origin;

    RecordingOrigin() throws IOException {
        origin = Origin.serving(this::serve);
    }

    Origin origin() {
        return origin;
    }

    /** What came whole since the last call, in its order, but for requests to this target. */
    List<String> take(String but) {
        synchronized (whole) {
            List<String> taken = new ArrayList<>(whole);
            whole.clear();
            taken.removeIf(request -> target(request).equals(but));
            return taken;
        }
    }

    static String target(String request) {
        return request.substring(request.indexOf(' ') + 1, request.indexOf(' ', request.indexOf(' ') + 1));
    }

    /** The requests that a text holds. */
    static List<String> requests(String text) throws IOException {
        InputStream in = new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
        List<String> found = new ArrayList<>();
        for (String request = read(in, null); request != null; request = read(in, null)) {
            found.add(request);
        }
        return found;
    }

    /** A body without its chunks' framing and trailers. */
    static String data(String head, String body) {
        if (!CHUNKED.matcher(head).find()) {
            return body;
        }
        StringBuilder data = new StringBuilder();
        int at = 0;
        while (true) {
            int line = body.indexOf("\r\n", at);
            int size = Integer.parseInt(body.substring(at, line), 16);
            if (size == 0) {
                return data.toString();
            }
            data.append(body, line + 2, line + 2 + size);
            at = line + 4 + size;
        }
    }

    private void serve(Origin.Connection connection) throws IOException {
        for (String request = read(connection.in, connection);
                request != null;
                request = read(connection.in, connection)) {
            synchronized (whole) {
                whole.add(request);
            }
            String target = target(request);
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + target.length() + "\r\n\r\n"
                    + (request.startsWith("HEAD ") ? "" : target));
        }
    }

    /** One request as it came, which may be waiting for a 100; null at the end. */
    private static @Nullable String read(InputStream in, Origin.@Nullable Connection waiting) throws IOException {
        String head = Http.readHead(in);
        if (head == null) {
            return null;
        }
        if (waiting != null && head.contains("\r\nExpect: ")) {
            waiting.send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        Matcher length = LENGTH.matcher(head);
        if (CHUNKED.matcher(head).find()) {
            return head + chunks(in);
        }
        return length.find() ? head + bytes(in, Integer.parseInt(length.group(1))) : head;
    }

    private static String bytes(InputStream in, int count) throws IOException {
        byte[] read = in.readNBytes(count);
        if (read.length < count) {
            throw new EOFException("body broken off");
        }
        return new String(read, StandardCharsets.ISO_8859_1);
    }

    /** Chunks as they came. */
    private static String chunks(InputStream in) throws IOException {
        StringBuilder raw = new StringBuilder();
        while (true) {
            String line = line(in);
            raw.append(line);
            int size = Integer.parseInt(line.strip().toLowerCase(Locale.ROOT), 16);
            if (size == 0) {
                for (line = line(in); !line.equals("\r\n"); line = line(in)) {
                    raw.append(line);
                }
                return raw.append(line).toString();
            }
            raw.append(bytes(in, size + 2));
        }
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b >= 0; b = in.read()) {
            line.write(b);
            if (b == '\n') {
                return line.toString(StandardCharsets.ISO_8859_1);
            }
        }
        throw new EOFException("line broken off");
    }

    @Override
    public void close() throws IOException {
        origin.close();
    }
}
