package io.plinth.lbproxy;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A client on a plain socket: sends what it is told and reads responses, or raw bytes. */
final class Http implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 60_000;

    final Socket socket;
    final InputStream in;
    final OutputStream out;

    private Http(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    static Http to(InetSocketAddress address) throws IOException {
        Socket socket = new Socket();
        socket.connect(address, PATIENCE_MILLIS);
        return new Http(socket);
    }

    static Http over(Socket socket) throws IOException {
        return new Http(socket);
    }

    /** One response: status line and headers, then the body by its framing. */
    record Response(String head, String body) {
        int status() {
            return Integer.parseInt(head.substring(9, 12));
        }

        @Nullable
        String header(String name) {
            for (String line : head.split("\r\n", -1)) {
                if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":")) {
                    return line.substring(name.length() + 1).strip();
                }
            }
            return null;
        }
    }

    /** One GET on a connection of its own. */
    static Response get(InetSocketAddress address, String path) throws IOException {
        try (Http http = to(address)) {
            return http.get(path);
        }
    }

    Response get(String path) throws IOException {
        send("GET " + path + " HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        return read();
    }

    Http send(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
        return this;
    }

    Response read() throws IOException {
        return read(false);
    }

    /** Reads a response; {@code bodyless} for one to HEAD. */
    Response read(boolean bodyless) throws IOException {
        String head = readHead(in);
        if (head == null) {
            throw new IOException("closed before a response");
        }
        Response response = new Response(head, "");
        int status = response.status();
        if (bodyless || status < 200 || status == 204 || status == 304) {
            return response;
        }
        String length = response.header("Content-Length");
        if (length != null) {
            byte[] body = in.readNBytes(Integer.parseInt(length));
            return new Response(head, new String(body, StandardCharsets.ISO_8859_1));
        }
        if ("chunked".equals(response.header("Transfer-Encoding"))) {
            return new Response(head, readChunks());
        }
        return new Response(head, new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
    }

    /** The data of the chunks, then {@code |} and the trailers if there are any. */
    private String readChunks() throws IOException {
        return chunks(in);
    }

    /** The data of the chunks, then {@code |} and the trailers if there are any. */
    static String chunks(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        while (true) {
            int size = Integer.parseInt(readLine(in), 16);
            if (size == 0) {
                for (String line = readLine(in); !line.isEmpty(); line = readLine(in)) {
                    text.append('|').append(line);
                }
                return text.toString();
            }
            text.append(new String(in.readNBytes(size), StandardCharsets.ISO_8859_1));
            readLine(in);
        }
    }

    private static String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("closed in the middle of a line");
            }
            line.write(b);
        }
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** Whether the other side has closed, or closes before our patience ends. */
    boolean closed() {
        try {
            return in.read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    static @Nullable String readHead(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < 4) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            head.write(b);
            matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
