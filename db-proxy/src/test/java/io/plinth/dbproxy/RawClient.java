package io.plinth.dbproxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.dbproxy.wire.FrontendWriter;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;

/** A client as simple as psql's protocol use, that shows every message it gets. */
final class RawClient implements AutoCloseable {
    final Socket socket;
    private final DataInputStream in;

    RawClient(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(60_000);
        in = new DataInputStream(socket.getInputStream());
    }

    static RawClient session(int port) throws IOException {
        return session(port, "shop", "shop");
    }

    static RawClient session(int port, String user, String database) throws IOException {
        RawClient client = new RawClient(port);
        client.startup(user, database);
        client.untilReady();
        return client;
    }

    void startup(String user, String database) throws IOException {
        send(out -> FrontendWriter.startup(out, Map.of("user", user, "database", database)));
    }

    void send(Consumer<ByteBuf> writer) throws IOException {
        ByteBuf out = Unpooled.buffer();
        writer.accept(out);
        socket.getOutputStream().write(out.array(), 0, out.readableBytes());
    }

    byte oneByte() throws IOException {
        return in.readByte();
    }

    String query(String sql) throws IOException {
        send(out -> FrontendWriter.query(out, sql.getBytes(StandardCharsets.UTF_8)));
        return untilReady();
    }

    /** The types of messages up to one of this type, that one included. */
    String until(char type) throws IOException {
        StringBuilder types = new StringBuilder();
        char read;
        do {
            read = (char) in.readUnsignedByte();
            in.skipNBytes(in.readInt() - 4);
            types.append(read);
        } while (read != type);
        return types.toString();
    }

    /** Messages as {@code type} or {@code type(text)}, up to ReadyForQuery or the connection's end. */
    String untilReady() throws IOException {
        StringBuilder seen = new StringBuilder();
        try {
            while (true) {
                byte type = in.readByte();
                byte[] body = new byte[in.readInt() - 4];
                in.readFully(body);
                String text = new String(body, StandardCharsets.UTF_8);
                switch (type) {
                    case 'Z' -> {
                        return seen.append("Z(").append(text).append(')').toString();
                    }
                    case 'C' ->
                        seen.append("C(").append(text, 0, text.length() - 1).append(") ");
                    case 'D' -> seen.append("D(").append(text.substring(6)).append(") ");
                    case 'E' -> {
                        String code = text.substring(text.indexOf("\0C") + 2);
                        seen.append("E(").append(code, 0, 5).append(") ");
                    }
                    case 'S', 'N' -> {}
                    case 'v' -> seen.append("v(").append(body[3]).append(") ");
                    default -> seen.append((char) type).append(' ');
                }
            }
        } catch (EOFException | SocketException e) {
            return seen.append("closed").toString();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
