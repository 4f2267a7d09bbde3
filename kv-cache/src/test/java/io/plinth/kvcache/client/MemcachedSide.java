package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One side: its socket, and the CAS number it last showed. How that compares to those of other keys is no matter: here a value has
 * none before somebody asks for it.
 */
final class MemcachedSide implements AutoCloseable {
    private static final Pattern CAS = Pattern.compile("(VALUE \\S+ \\d+ \\d+ )(\\d+)|( c)(\\d+)");
    private final Socket socket;
    private final InputStream in;
    private String cas = "1";
    /** The key that had it. */
    private String key = "k0";

    MemcachedSide(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    }

    /** Sends a command and answers everything that comes before the answer to a no-op, with CAS numbers left out. */
    String call(String command) throws IOException {
        send(command.replace("<cas>", cas).replace("OWN", key) + "mn\r\n");
        StringBuilder reply = new StringBuilder();
        while (!reply.toString().equals("MN\r\n") && !reply.toString().endsWith("\r\nMN\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("closed after: " + reply);
            }
            reply.append((char) next);
        }
        Matcher matcher = CAS.matcher(reply);
        StringBuilder shown = new StringBuilder();
        while (matcher.find()) {
            boolean classic = matcher.group(1) != null;
            cas = matcher.group(classic ? 2 : 4);
            key = (classic ? matcher.group(1) : command).split(" ", -1)[1];
            matcher.appendReplacement(shown, (classic ? matcher.group(1) : " c") + (cas.equals("0") ? "0" : "<cas>"));
        }
        return matcher.appendTail(shown).toString().replaceAll(" t\\d+", " t<n>");
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
