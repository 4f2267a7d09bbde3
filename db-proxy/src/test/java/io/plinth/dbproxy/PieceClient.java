package io.plinth.dbproxy;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client that sends what no driver would. */
final class PieceClient implements AutoCloseable {
    private final Socket socket;
    private final DataInputStream in;

    PieceClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout((int) Cluster.PATIENCE.toMillis());
        in = new DataInputStream(socket.getInputStream());
        byte[] body = "user\0shop\0database\0shop\0\0".getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeInt(8 + body.length);
        out.writeInt(3 << 16);
        out.write(body);
        write(bytes);
        until('Z');
    }

    private void write(ByteArrayOutputStream bytes) throws IOException {
        socket.getOutputStream().write(bytes.toByteArray());
        socket.getOutputStream().flush();
    }

    void send(char type, byte[] body) throws IOException {
        send(type, body, body.length);
    }

    /** Sends a message's header and the first bytes of its body. */
    void send(char type, byte[] body, int sent) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        message(bytes, type, body, sent);
        write(bytes);
    }

    private static void message(ByteArrayOutputStream bytes, char type, byte[] body, int sent) throws IOException {
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeByte(type);
        out.writeInt(4 + body.length);
        out.write(body, 0, sent);
    }

    void query(String sql) throws IOException {
        query(sql, new byte[0], 0);
    }

    /** Sends what is left of {@code rest} from {@code from} on, and a query right behind it. */
    void query(String sql, byte[] rest, int from) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(rest, from, rest.length - from);
        byte[] body = (sql + "\0").getBytes(StandardCharsets.UTF_8);
        message(bytes, 'Q', body, body.length);
        write(bytes);
    }

    /** Reads up to a message of this type; returns the types read, that one included. */
    String until(char type) throws IOException {
        StringBuilder types = new StringBuilder();
        char read;
        do {
            read = (char) in.readUnsignedByte();
            in.readFully(new byte[in.readInt() - 4]);
            types.append(read);
        } while (read != type);
        return types.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** A COPY whose first row the server refuses. */
    void startFailingCopy(String table) throws IOException {
        query("COPY " + table + " FROM STDIN");
        until('G');
        byte[] row = "not a number\tx\n".getBytes(StandardCharsets.UTF_8);
        send('d', row, row.length);
    }

    /** Prepares and describes with a Flush behind, as drivers do that want to know the types first. */
    void look(String sql) throws IOException {
        send('P', ("\0" + sql + "\0\0\0").getBytes(StandardCharsets.UTF_8));
        send('D', "S\0".getBytes(StandardCharsets.UTF_8));
        send('H', new byte[0]);
        until('T');
    }

    /** Runs what was prepared; returns the types of the replies. */
    String execute() throws IOException {
        send('B', new byte[8]);
        send('E', new byte[5]);
        send('S', new byte[0]);
        return until('Z');
    }
}
