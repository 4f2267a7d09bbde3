package io.plinth.postgres;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Asks a server over its own protocol whether it takes sessions: there is no pg_isready among the programs. */
final class ReadyProbe {
    private static final int PROTOCOL_3 = 3 << 16;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private ReadyProbe() {}

    /** Whether the server went as far as authentication, which it does only once start-up and recovery let it. */
    static boolean ready(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), (int) PATIENCE.toMillis());
            socket.setSoTimeout((int) PATIENCE.toMillis());
            byte[] parameters = "user\0postgres\0database\0postgres\0\0".getBytes(StandardCharsets.US_ASCII);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(8 + parameters.length);
            out.writeInt(PROTOCOL_3);
            out.write(parameters);
            out.flush();
            // 'R' asks for a password or accepts; anything else is an ErrorResponse such as 57P03.
            boolean ready = new DataInputStream(socket.getInputStream()).readUnsignedByte() == 'R';
            out.write(new byte[] {'X', 0, 0, 0, 4});
            out.flush();
            return ready;
        } catch (IOException e) {
            return false;
        }
    }
}
