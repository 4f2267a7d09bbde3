package io.plinth.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With a live Redis. */
@RequiresPeer("redis-server")
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SnapshotsUnderWayIT {
    @TempDir
    Path folder;

    @Test
    void oneSnapshotFollowsAnotherUntilTheEnd() throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.find());
        Process redis = redis(address);
        try {
            Path file = folder.resolve("dump.rdb");
            try (SnapshotsUnderWay _ = new SnapshotsUnderWay(address)) {
                while (!Files.exists(file)) {
                    Thread.sleep(1);
                }
                Object first =
                        Files.readAttributes(file, BasicFileAttributes.class).fileKey();
                while (Files.readAttributes(file, BasicFileAttributes.class)
                        .fileKey()
                        .equals(first)) {
                    Thread.sleep(1);
                }
            }
        } finally {
            redis.destroy();
            redis.waitFor();
        }
    }

    @Test
    void aServerThatGoesEndsThem() throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.find());
        Process redis = redis(address);
        SnapshotsUnderWay snapshots = new SnapshotsUnderWay(address);
        // What it forked for a snapshot writes into the folder.
        List<ProcessHandle> children = redis.descendants().toList();
        redis.destroyForcibly().waitFor();
        for (ProcessHandle child : children) {
            child.destroyForcibly();
            child.onExit().get();
        }
        assertThatThrownBy(snapshots::close).isInstanceOf(IOException.class);
    }

    private Process redis(InetSocketAddress address) throws Exception {
        Process redis = new ProcessBuilder(
                        Peer.path("redis-server").toString(),
                        "--port",
                        String.valueOf(address.getPort()),
                        "--dir",
                        folder.toString(),
                        "--save",
                        "")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        while (true) {
            try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
                assertThat(socket.isConnected()).isTrue();
                return redis;
            } catch (IOException e) {
                Thread.sleep(20);
            }
        }
    }
}
