package io.plinth.deploy.start;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Asks a process whether it is ready. Stateless; small on purpose, as it runs in the first second of the command. */
public final class Probe {
    private static final int PATIENCE_MILLIS = 2_000;
    private static final int ANSWER_BYTES_MAX = 4_096;
    private static final int POSTGRES_PROTOCOL_3 = 3 << 16;

    private Probe() {}

    /**
     * What stands against its being ready; empty when it is.
     *
     * @param probe as {@link io.plinth.deploy.process.RunRecord#probe()} describes; several, separated by blanks, must
     *     all be ready
     */
    public static String complaint(String probe) {
        for (String single : probe.isEmpty() ? List.<String>of() : List.of(probe.split(" "))) {
            String complaint = single(single);
            if (!complaint.isEmpty()) {
                return complaint;
            }
        }
        return "";
    }

    private static String single(String probe) {
        try {
            if (probe.startsWith("tcp:")) {
                connect(probe.substring(4)).close();
                return "";
            }
            return probe.startsWith("postgres:") ? postgres(probe.substring(9)) : http("GET", probe, PATIENCE_MILLIS);
        } catch (IOException e) {
            return probe + ": " + e.getMessage();
        }
    }

    /** Whether it is this process that says it is ready; while a new one takes over, the old one may answer. */
    static boolean isReady(String probe, long pid) {
        try {
            String answer = exchange("GET", probe, PATIENCE_MILLIS);
            return answer.startsWith("HTTP/1.1 200") && answer.strip().endsWith("process " + pid);
        } catch (IOException e) {
            return false;
        }
    }

    /** Sends a request without a body; empty when the answer is a 2xx, else what was answered. */
    public static String http(String method, String url, int patienceMillis) throws IOException {
        String answer = exchange(method, url, patienceMillis);
        if (answer.matches("(?s)HTTP/1\\.[01] 2\\d\\d.*")) {
            return "";
        }
        int body = answer.indexOf("\r\n\r\n");
        String said = body < 0 ? answer : answer.substring(body).strip();
        return url + ": " + said.lines().limit(4).reduce((a, b) -> a + "; " + b).orElse("no answer");
    }

    /** Whether a proxy answers that it has no server to ask; false when it speaks no plain HTTP there. */
    static boolean isWithoutServers(String url) {
        try {
            return exchange("HEAD", url, PATIENCE_MILLIS).startsWith("HTTP/1.1 503");
        } catch (IOException e) {
            return false;
        }
    }

    /** The beginning of the answer, headers and all. */
    private static String exchange(String method, String url, int patienceMillis) throws IOException {
        URI uri = URI.create(url);
        try (Socket socket = connect(uri.getRawAuthority())) {
            socket.setSoTimeout(patienceMillis);
            String request = method + " " + uri.getRawPath() + " HTTP/1.1\r\nHost: " + uri.getRawAuthority()
                    + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            OutputStream out = socket.getOutputStream();
            out.write(request.getBytes(StandardCharsets.US_ASCII));
            out.flush();
            InputStream in = socket.getInputStream();
            return new String(in.readNBytes(ANSWER_BYTES_MAX), StandardCharsets.UTF_8);
        }
    }

    /** Ready is a server that goes as far as authentication, which start-up and recovery do not. */
    private static String postgres(String at) throws IOException {
        try (Socket socket = connect(at)) {
            byte[] parameters = "user\0postgres\0database\0postgres\0\0".getBytes(StandardCharsets.US_ASCII);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(8 + parameters.length);
            out.writeInt(POSTGRES_PROTOCOL_3);
            out.write(parameters);
            out.flush();
            boolean ready = new DataInputStream(socket.getInputStream()).readUnsignedByte() == 'R';
            out.write(new byte[] {'X', 0, 0, 0, 4});
            out.flush();
            return ready ? "" : at + ": starting up";
        }
    }

    private static Socket connect(String at) throws IOException {
        int colon = at.lastIndexOf(':');
        String host = at.substring(0, colon).replace("[", "").replace("]", "");
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(host, Integer.parseInt(at.substring(colon + 1))), PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
