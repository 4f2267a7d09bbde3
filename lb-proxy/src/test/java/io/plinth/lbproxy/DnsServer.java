package io.plinth.lbproxy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A DNS server whose answers a test decides: {@code A name}, {@code AAAA name} and {@code SRV name} to lines of data, the one
 * line {@code SERVFAIL} to a failure.
 */
final class DnsServer implements AutoCloseable {
    private final DatagramSocket socket;
    private final int ttl;
    final Map<String, List<String>> answers = new ConcurrentHashMap<>();
    /** Seconds, by name, where they are other than the server's. */
    final Map<String, Integer> ttls = new ConcurrentHashMap<>();
    /** Questions so far. */
    final Map<String, Integer> asked = new ConcurrentHashMap<>();

    DnsServer(int ttl) throws IOException {
        this.ttl = ttl;
        socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::serve);
    }

    String at() {
        return "127.0.0.1:" + socket.getLocalPort();
    }

    private void serve() {
        byte[] bytes = new byte[1500];
        while (!socket.isClosed()) {
            DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
            try {
                socket.receive(packet);
                byte[] answer = answer(ByteBuffer.wrap(bytes, 0, packet.getLength()));
                socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private byte[] answer(ByteBuffer query) throws IOException {
        short id = query.getShort(0);
        query.position(12);
        StringBuilder name = new StringBuilder();
        for (int length = query.get(); length > 0; length = query.get()) {
            byte[] label = new byte[length];
            query.get(label);
            name.append(new String(label, StandardCharsets.US_ASCII)).append('.');
        }
        int type = query.getShort();
        String question = (type == 33 ? "SRV " : type == 1 ? "A " : "AAAA ") + name;
        asked.merge(question, 1, Integer::sum);
        List<String> lines = answers.get(question);
        boolean fails = lines != null && lines.contains("SERVFAIL");
        lines = fails ? null : lines;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(id);
        out.writeShort(fails ? 0x8182 : lines == null && type != 28 ? 0x8183 : 0x8180);
        out.writeShort(1);
        out.writeShort(lines == null ? 0 : lines.size());
        out.writeInt(0);
        name(out, name.toString());
        out.writeShort(type);
        out.writeShort(1);
        for (String line : lines == null ? List.<String>of() : lines) {
            name(out, name.toString());
            out.writeShort(type);
            out.writeShort(1);
            out.writeInt(ttls.getOrDefault(question, ttl));
            ByteArrayOutputStream data = new ByteArrayOutputStream();
            DataOutputStream to = new DataOutputStream(data);
            if (type == 33) {
                String[] words = line.split(" ", -1);
                for (int i = 0; i < 3; i++) {
                    to.writeShort(Integer.parseInt(words[i]));
                }
                name(to, words[3]);
            } else {
                to.write(InetAddress.getByName(line).getAddress());
            }
            out.writeShort(data.size());
            out.write(data.toByteArray());
        }
        return bytes.toByteArray();
    }

    private static void name(DataOutputStream out, String name) throws IOException {
        for (String label : name.split("\\.", -1)) {
            if (!label.isEmpty()) {
                out.writeByte(label.length());
                out.writeBytes(label);
            }
        }
        out.writeByte(0);
    }

    @Override
    public void close() {
        socket.close();
    }
}
