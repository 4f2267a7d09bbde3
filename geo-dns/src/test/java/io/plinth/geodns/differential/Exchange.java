package io.plinth.geodns.differential;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by one thread: asks one server, over one UDP socket and one TCP connection at a time. */
final class Exchange implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 5_000;
    private static final int SENTINEL_ID = 0xA5A5;

    private final InetSocketAddress server;
    private final byte[] sentinel;
    private final DatagramSocket socket;
    private final byte[] in = new byte[65_536];
    private @Nullable Socket connection;

    /** Asks a server that surely answers for {@code origin}. */
    Exchange(InetSocketAddress server, String origin) throws IOException {
        this.server = server;
        this.sentinel = sentinel(origin);
        this.socket = new DatagramSocket();
        socket.connect(server);
        socket.setSoTimeout(PATIENCE_MILLIS);
    }

    private static byte[] sentinel(String origin) throws IOException {
        byte[] name = org.xbill.DNS.Name.fromString(origin).toWire();
        return ByteBuffer.allocate(16 + name.length)
                .putShort((short) SENTINEL_ID)
                .putShort((short) 0)
                .putLong(1L << 48)
                .put(name)
                .putShort((short) 6)
                .putShort((short) 1)
                .array();
    }

    /** Whether it is there and has the zone. */
    static boolean isReady(InetSocketAddress server, String origin) throws IOException {
        // A socket of its own, which takes with it what is answered too late.
        try (Exchange once = new Exchange(server, origin)) {
            once.socket.setSoTimeout(200);
            once.send(once.sentinel);
            byte[] answer = once.receive();
            return answer.length > 8 && (answer[3] & 0xF) == 0 && answer[7] == 1;
        } catch (SocketTimeoutException | PortUnreachableException e) {
            return false;
        }
    }

    /** The answer's octets; null where there is none. */
    byte @Nullable [] ask(Question question) throws IOException {
        return question.stream() ? stream(question.octets()) : datagram(question);
    }

    /** What comes before the answer to a question that is sent behind it; each server answers in turn. */
    private byte @Nullable [] datagram(Question question) throws IOException {
        send(question.octets());
        boolean sure = List.of("query", "any", "ds", "signed").contains(question.kind());
        if (!sure) {
            send(sentinel);
        }
        byte[] answer = null;
        while (true) {
            byte[] next;
            try {
                next = receive();
            } catch (SocketTimeoutException e) {
                throw new IOException("no answer from " + server + " to " + question, e);
            }
            boolean last = next.length >= 2 && (next[0] & 0xFF) == 0xA5 && (next[1] & 0xFF) == 0xA5;
            if (last && !(sure && answer == null)) {
                return answer;
            }
            answer = next;
            if (sure) {
                return answer;
            }
        }
    }

    private void send(byte[] octets) throws IOException {
        socket.send(new DatagramPacket(octets, octets.length));
    }

    private byte[] receive() throws IOException {
        DatagramPacket packet = new DatagramPacket(in, in.length);
        socket.receive(packet);
        return Arrays.copyOf(in, packet.getLength());
    }

    /** A server may have closed the connection since the last answer, so the first failure proves nothing. */
    private byte @Nullable [] stream(byte[] octets) throws IOException {
        for (int attempt = 0; attempt < 2; attempt++) {
            Socket to = connection;
            try {
                if (to == null) {
                    to = new Socket();
                    to.connect(server, PATIENCE_MILLIS);
                    to.setSoTimeout(PATIENCE_MILLIS);
                    to.setTcpNoDelay(true);
                    connection = to;
                }
                to.getOutputStream()
                        .write(ByteBuffer.allocate(2 + octets.length)
                                .putShort((short) octets.length)
                                .put(octets)
                                .array());
                DataInputStream from = new DataInputStream(to.getInputStream());
                byte[] answer = new byte[from.readUnsignedShort()];
                from.readFully(answer);
                return answer;
            } catch (EOFException | SocketException e) {
                hangUp();
            }
        }
        return null;
    }

    private void hangUp() throws IOException {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }

    @Override
    public void close() throws IOException {
        hangUp();
        socket.close();
    }
}
