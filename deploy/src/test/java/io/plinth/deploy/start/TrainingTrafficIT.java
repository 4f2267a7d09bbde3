package io.plinth.deploy.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What the start-up cache is made from: the traffic comes through whole, and what is cut off is noticed. */
class TrainingTrafficIT {
    private static final int REQUESTS = 100;

    private final TrainingTraffic traffic = new TrainingTraffic(REQUESTS, Duration.ofMinutes(5));

    private static InetSocketAddress at(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Test
    void everyRequestIsAnsweredWhole() throws Exception {
        try (TrainingOrigin origin = new TrainingOrigin()) {
            traffic.http(at(origin.port()));

            assertThat(origin.answered()).isEqualTo(traffic.inAll()).isGreaterThan(REQUESTS);
        }
    }

    @Test
    void anAnswerThatIsCutOffIsAnError() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> answered = CompletableFuture.runAsync(() -> cutOff(server));

            assertThatThrownBy(() -> traffic.http(at(server.getLocalPort()))).isInstanceOf(EOFException.class);
            answered.join();
        }
    }

    private static void cutOff(ServerSocket server) {
        try (Socket client = server.accept()) {
            InputStream in = client.getInputStream();
            int lastFour = 0;
            int next;
            while (lastFour != 0x0D0A0D0A && (next = in.read()) >= 0) {
                lastFour = lastFour << 8 | next;
            }
            client.getOutputStream()
                    .write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxx".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyQueryIsAskedInTurn() throws Exception {
        try (DatagramSocket server = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            CompletableFuture<int[]> seen = CompletableFuture.supplyAsync(() -> echo(server));

            traffic.dns(at(server.getLocalPort()), new byte[] {0}, new byte[] {1});

            assertThat(seen.join()).containsExactly(REQUESTS / 2, REQUESTS / 2);
        }
    }

    private static int[] echo(DatagramSocket server) {
        int[] seen = new int[2];
        try {
            for (int i = 0; i < REQUESTS; i++) {
                DatagramPacket query = new DatagramPacket(new byte[16], 16);
                server.receive(query);
                seen[query.getData()[0]]++;
                server.send(query);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return seen;
    }
}
