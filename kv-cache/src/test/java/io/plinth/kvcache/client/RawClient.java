package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.List;

/** A socket that sends commands and reads whole replies as the bytes they are. */
final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    RawClient(int port) throws IOException {
        this(new Socket("127.0.0.1", port));
    }

    /** One that is connected. */
    RawClient(Socket connected) throws IOException {
        socket = connected;
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    }

    Socket socket() {
        return socket;
    }

    /** What comes, to be read by whole replies. */
    InputStream stream() {
        return in;
    }

    void send(String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(ISO_8859_1));
    }

    static String request(List<String> words) {
        StringBuilder text = new StringBuilder("*" + words.size() + "\r\n");
        for (String word : words) {
            text.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
        }
        return text.toString();
    }

    String call(String... words) throws IOException {
        send(request(List.of(words)));
        return reply();
    }

    /** Whether something of a reply is there. */
    boolean available() throws IOException {
        return in.available() > 0;
    }

    /** One byte, for replies that are not whole. */
    int next() throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new EOFException("closed");
        }
        return next;
    }

    /** One reply with everything nested in it. */
    String reply() throws IOException {
        StringBuilder into = new StringBuilder();
        reply(into);
        return into.toString();
    }

    private void reply(StringBuilder into) throws IOException {
        String line = line();
        into.append(line).append("\r\n");
        int length =
                line.length() > 1 && "$=*~>%".indexOf(line.charAt(0)) >= 0 ? Integer.parseInt(line.substring(1)) : 0;
        switch (line.charAt(0)) {
            case '$', '=' -> {
                if (length >= 0) {
                    into.append(new String(in.readNBytes(length + 2), ISO_8859_1));
                }
            }
            case '*', '~', '>' -> {
                for (int i = 0; i < length; i++) {
                    reply(into);
                }
            }
            case '%' -> {
                for (int i = 0; i < 2 * length; i++) {
                    reply(into);
                }
            }
            default -> {}
        }
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\r'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("closed after: " + line.toString(ISO_8859_1));
            }
            line.write(b);
        }
        in.read();
        return line.toString(ISO_8859_1);
    }

    /** What comes until the other side closes. */
    String rest() throws IOException {
        return new String(in.readAllBytes(), ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
