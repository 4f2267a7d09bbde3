package io.plinth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.RepeatedTest;

class FreePortIT {
    @RepeatedTest(20)
    void nobodyHasItAndNoConnectionIsGivenIt() throws Exception {
        int port = FreePort.find();
        try (ServerSocket stream = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
                DatagramSocket datagrams = new DatagramSocket(port, InetAddress.getLoopbackAddress())) {
            assertThat(stream.isBound() && datagrams.isBound()).isTrue();
        }
        assertThat(port).isLessThan(32_768);
    }
}
