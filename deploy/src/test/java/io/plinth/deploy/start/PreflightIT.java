package io.plinth.deploy.start;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.deploy.plan.Claim;
import io.plinth.deploy.process.Procfs;
import io.plinth.kit.config.HostPort;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreflightIT {
    private final Preflight preflight = new Preflight(Procfs.ofThisMachine());

    @Test
    void aTakenPortNamesItsHolderTheNodeAndTheKeyToChange() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String line = only(preflight.problems(List.of(claim(taken.getLocalPort(), false))));
            assertThat(line)
                    .contains("127.0.0.1:" + taken.getLocalPort())
                    .contains("kv-1")
                    .contains("in use by process " + ProcessHandle.current().pid())
                    .contains("nodes.kv-1.port")
                    .doesNotContain("\n");
        }
    }

    @Test
    void aPortThatOnlyUdpHasTakenCountsWhereUdpIsServed() throws IOException {
        // One that is free for TCP: the system gives UDP any that is not taken there.
        try (DatagramSocket taken = new DatagramSocket(new InetSocketAddress("127.0.0.1", FreePort.find()))) {
            assertThat(preflight.problems(List.of(claim(taken.getLocalPort(), false))))
                    .isEmpty();
            assertThat(preflight.problems(List.of(claim(taken.getLocalPort(), true))))
                    .hasSize(1);
        }
    }

    @Test
    void aFreePortAndAnyPortAreFine() throws IOException {
        int free = FreePort.find();
        assertThat(preflight.problems(List.of(claim(free, false), claim(0, false))))
                .isEmpty();
    }

    private static Claim claim(int port, boolean udp) {
        return new Claim("kv-1", "client", "nodes.kv-1.port", new HostPort("127.0.0.1", port), udp);
    }

    private static String only(List<String> lines) {
        assertThat(lines).hasSize(1);
        return lines.getFirst();
    }
}
