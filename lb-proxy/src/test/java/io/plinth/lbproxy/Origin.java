package io.plinth.lbproxy;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A server on a plain socket whose every byte a test decides; a thread per connection. */
final class Origin implements AutoCloseable {
    /** Serves one connection; returning or throwing closes it. */
    interface Service {
        void serve(Connection connection) throws IOException;
    }

    private final ServerSocket socket;
    private final Service service;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    final AtomicInteger connections = new AtomicInteger();
    final List<String> heads = new CopyOnWriteArrayList<>();

    private Origin(ServerSocket socket, Service service) {
        this.socket = socket;
        this.service = service;
        Thread.ofVirtual().start(this::accept);
    }

    static Origin serving(Service service) throws IOException {
        return at(0, service);
    }

    static Origin at(int port, Service service) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
        return new Origin(socket, service);
    }

    /** Answers every request of every connection with 200 and this text. */
    static Origin answering(String text) throws IOException {
        return serving(connection -> {
            while (connection.readRequest() != null) {
                connection.answer("200 OK", text);
            }
        });
    }

    int port() {
        return socket.getLocalPort();
    }

    String at() {
        return "127.0.0.1:" + port();
    }

    private void accept() {
        while (true) {
            try {
                Socket accepted = socket.accept();
                accepted.setTcpNoDelay(true);
                open.add(accepted);
                connections.incrementAndGet();
                Thread.ofVirtual().start(() -> serve(accepted));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket accepted) {
        try (accepted) {
            service.serve(new Connection(accepted));
        } catch (IOException gone) {
            // The other side went first; what that means is for the test to see there.
        } finally {
            open.remove(accepted);
        }
    }

    /** Dies as a killed process does: every connection is reset, the port is closed. */
    void kill() throws IOException {
        socket.close();
        for (Socket each : open) {
            each.setSoLinger(true, 0);
            each.close();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
        for (Socket each : open) {
            each.close();
        }
    }

    final class Connection {
        final Socket socket;
        final InputStream in;
        final OutputStream out;

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            in = new BufferedInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        /** The next request's head and, when it has a Content-Length, its body; null at the end. */
        @org.jspecify.annotations.Nullable
        String readRequest() throws IOException {
            String head = readHead();
            if (head == null) {
                return null;
            }
            heads.add(head);
            for (String line : head.split("\r\n", -1)) {
                if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
                    in.readNBytes(Integer.parseInt(line.substring(15).strip()));
                }
            }
            return head;
        }

        /** As {@link #readRequest}, with a chunked body read to its end too: nothing is answered early. */
        @org.jspecify.annotations.Nullable
        String readWhole() throws IOException {
            String head = readRequest();
            if (head != null && head.toLowerCase(java.util.Locale.ROOT).contains("transfer-encoding: chunked")) {
                Http.chunks(in);
            }
            return head;
        }

        @org.jspecify.annotations.Nullable
        String readHead() throws IOException {
            return Http.readHead(in);
        }

        void answer(String status, String body) throws IOException {
            send("HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
        }

        void send(String text) throws IOException {
            out.write(text.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }
    }
}
