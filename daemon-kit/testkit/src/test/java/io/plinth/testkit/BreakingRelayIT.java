package io.plinth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.BreakingRelay.Cut;
import io.plinth.testkit.BreakingRelay.Direction;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BreakingRelayIT {
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private ServerSocket echo;
    private BreakingRelay relay;
    private Socket client;

    @BeforeEach
    void connect() throws IOException {
        echo = new ServerSocket(0, 50, LOOPBACK);
        Thread.ofVirtual().start(this::echoAll);
        relay = BreakingRelay.to((InetSocketAddress) echo.getLocalSocketAddress());
        client = open();
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        relay.close();
        echo.close();
    }

    private Socket open() throws IOException {
        Socket socket = new Socket(LOOPBACK, relay.port());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private void echoAll() {
        while (!echo.isClosed()) {
            try {
                Socket socket = echo.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        socket.getInputStream().transferTo(socket.getOutputStream());
                    } catch (IOException e) {
                        // The relay cut it.
                    }
                });
            } catch (IOException e) {
                return;
            }
        }
    }

    private String echoed(String text) throws IOException {
        client.getOutputStream().write(text.getBytes(UTF_8));
        return new String(client.getInputStream().readNBytes(text.length()), UTF_8);
    }

    @Test
    void bytesAndTheEndOfTheStreamPass() throws IOException {
        assertThat(echoed("hello")).isEqualTo("hello");
        assertThat(relay.connections()).isOne();
        client.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void aDelayHoldsBothWays() throws IOException {
        relay.delay(Duration.ofMillis(60));
        long start = System.nanoTime();
        assertThat(echoed("hello")).isEqualTo("hello");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(120));
    }

    @Test
    void aRateIsKept() throws IOException {
        relay.rate(Direction.FROM_TARGET, 100_000);
        long start = System.nanoTime();
        echoed("x".repeat(32 * 1024));
        // The pause after the last chunk is not seen.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(150));
    }

    @Test
    void aStalledDirectionGoesOnWhereItStood() throws IOException {
        relay.stall(Direction.FROM_TARGET);
        client.getOutputStream().write("held".getBytes(UTF_8));
        client.setSoTimeout(100);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        client.setSoTimeout(10_000);
        relay.heal();
        assertThat(client.getInputStream().readNBytes(4)).asString(UTF_8).isEqualTo("held");
    }

    @Test
    void swallowedBytesNeverArrive() throws IOException {
        assertThat(echoed("first")).isEqualTo("first");
        relay.swallow(Direction.FROM_TARGET);
        client.getOutputStream().write("lost".getBytes(UTF_8));
        client.setSoTimeout(100);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        client.setSoTimeout(10_000);
        relay.heal();
        assertThat(echoed("later")).isEqualTo("later");
    }

    @Test
    void aResetIsSeenAsOne() throws IOException {
        assertThat(echoed("hello")).isEqualTo("hello");
        relay.cut(Cut.RESET);
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
        assertThat(relay.connections()).isZero();
    }

    @Test
    void aCloseIsSeenAsAnEnd() throws IOException {
        assertThat(echoed("hello")).isEqualTo("hello");
        relay.cut(Cut.CLOSE);
        assertThat(client.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void aConnectionIsCutAtItsByte() throws IOException {
        relay.cutAfter(Direction.FROM_TARGET, 3, Cut.CLOSE);
        client.getOutputStream().write("hello".getBytes(UTF_8));
        assertThat(client.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo("hel");
    }

    @Test
    void newConnectionsAreRefusedAndTakenAgain() throws IOException {
        relay.refuse(true);
        try (Socket refused = open()) {
            assertThatThrownBy(() -> {
                        if (refused.getInputStream().read() < 0) {
                            throw new SocketException("closed");
                        }
                    })
                    .isInstanceOf(SocketException.class);
        }
        relay.refuse(false);
        client = open();
        assertThat(echoed("again")).isEqualTo("again");
    }

    @Test
    void datagramsAreDroppedDuplicatedAndReordered() throws IOException {
        List<Integer> seen = throughDatagramRelay(0.2, 0.2, 0.2);
        assertThat(seen.stream().distinct().count()).isBetween(60L, 95L);
        assertThat(seen.size()).isGreaterThan((int) seen.stream().distinct().count());
        assertThat(seen).isNotEqualTo(seen.stream().sorted().toList());
        assertThat(throughDatagramRelay(0.2, 0.2, 0.2)).isEqualTo(seen);
        assertThat(throughDatagramRelay(0, 0, 0)).hasSize(101).isSorted();
    }

    /** Numbers 0 to 99, one at a time so that chance alone loses or reorders them, then 100 in fair weather. */
    private static List<Integer> throughDatagramRelay(double drop, double duplicate, double reorder)
            throws IOException {
        try (DatagramSocket target = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0));
                BreakingDatagramRelay udp =
                        BreakingDatagramRelay.to((InetSocketAddress) target.getLocalSocketAddress(), 5);
                DatagramSocket sender = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
            udp.chances(drop, duplicate, reorder);
            List<Integer> seen = new ArrayList<>();
            for (int i = 0; i <= 100; i++) {
                if (i == 100) {
                    while (udp.received() < 100) {
                        Thread.onSpinWait();
                    }
                    udp.chances(0, 0, 0);
                }
                sender.send(new DatagramPacket(new byte[] {(byte) i}, 1, udp.address()));
            }
            target.setSoTimeout(10_000);
            DatagramPacket packet = new DatagramPacket(new byte[1], 1);
            while (seen.isEmpty() || seen.getLast() != 100) {
                target.receive(packet);
                seen.add((int) packet.getData()[0]);
            }
            return seen;
        }
    }
}
