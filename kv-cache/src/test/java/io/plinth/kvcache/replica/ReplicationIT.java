package io.plinth.kvcache.replica;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReplicationIT {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final CountDownLatch halfThere = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    private final Replication replication = new Replication(
            node.state,
            node.table,
            code -> {
                halfThere.countDown();
                await(goOn);
            },
            () -> {},
            null,
            java.nio.file.Path.of("plinth.yaml"),
            System::nanoTime,
            task -> {
                Thread thread = new Thread(task, "replica");
                thread.setDaemon(true);
                return thread;
            });

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static ServerSocket primary() throws IOException {
        ServerSocket primary = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        primary.setSoTimeout(30_000);
        return primary;
    }

    /** A primary that sends a key and a library, and no more of its file. */
    private void half(ServerSocket primary, String key) throws IOException {
        OutputStream out = asked(primary.accept());
        String file = "REDIS0011\0\1" + key + "\1v\u00f5\1x";
        out.write(("+FULLRESYNC " + "0".repeat(40) + " 0\r\n$1000\r\n" + file).getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Answers until the whole file is asked for. */
    private static OutputStream asked(Socket follower) throws IOException {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(follower.getInputStream(), StandardCharsets.ISO_8859_1));
        OutputStream out = follower.getOutputStream();
        for (String line = in.readLine(); !"PSYNC".equals(line); line = in.readLine()) {
            if (line.equals("PING") || line.equals("REPLCONF")) {
                out.write("+OK\r\n".getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        return out;
    }

    /** A primary whose file has one key, and who then makes these writes. */
    private static Socket whole(ServerSocket primary, String key, String... commands) throws IOException {
        Socket follower = primary.accept();
        OutputStream out = asked(follower);
        String file = "REDIS0011\0\1" + key + "\1v\u00ff" + "\0".repeat(8);
        StringBuilder text =
                new StringBuilder("+FULLRESYNC " + "0".repeat(40) + " 0\r\n$" + file.length() + "\r\n" + file);
        for (String command : commands) {
            String[] words = command.split(" ", -1);
            text.append('*').append(words.length).append("\r\n");
            for (String word : words) {
                text.append('$')
                        .append(word.length())
                        .append("\r\n")
                        .append(word)
                        .append("\r\n");
            }
        }
        out.write(text.toString().getBytes(StandardCharsets.ISO_8859_1));
        return follower;
    }

    @Test
    void aWriteThatIsRefusedBeginsAFullSynchronisation() throws Exception {
        try (ServerSocket primary = primary()) {
            replication.follow("127.0.0.1", primary.getLocalPort(), 1);
            try (Socket follower = whole(primary, "a", "MULTI", "SET k 1", "LPUSH k 2", "EXEC", "SET k 2")) {
                follower.setSoTimeout(30_000);
                assertThat(follower.getInputStream().readAllBytes()).isEmpty();
            }
            try (Socket follower = whole(primary, "b", "SET c 1", "REPLCONF GETACK *")) {
                follower.setSoTimeout(30_000);
                assertThat(follower.getInputStream().read()).isEqualTo('*');
                assertThat(replication.refused()).isOne();
                assertThat(client.run("MGET a b c k")).isEqualTo("*4|$-1|$1|v|$1|1|$-1|");
            }
            replication.lead().get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void whoFollowsNobodyAnyMoreTakesWritesOnlyWhenNothingOfTheFileCanComeAfterThem() throws Exception {
        try (ServerSocket primary = primary()) {
            replication.follow("127.0.0.1", primary.getLocalPort(), 1);
            half(primary, "a");
            await(halfThere);
            CompletableFuture<Void> leads = replication.lead();
            assertThat(leads).isNotDone();
            assertThat(client.run("SET k 1")).startsWith("-READONLY ");
            goOn.countDown();
            leads.get(30, TimeUnit.SECONDS);

            assertThat(client.run("SET k 1")).isEqualTo("+OK|");
            assertThat(client.run("GET a")).isEqualTo("$1|v|");
            assertThat(replication.lead()).isDone();
        }
    }

    @Test
    void anotherIsFollowedOnlyWhenTheOneBeforeTouchesNothingAnyMore() throws Exception {
        try (ServerSocket primary = primary();
                ServerSocket other = primary()) {
            replication.follow("127.0.0.1", primary.getLocalPort(), 1);
            half(primary, "a");
            await(halfThere);
            replication.follow("127.0.0.1", other.getLocalPort(), 1);
            CompletableFuture<Void> leads = replication.lead();
            assertThat(leads).isNotDone();
            replication.follow("127.0.0.1", other.getLocalPort(), 1);
            goOn.countDown();
            half(other, "b");
            leads.get(30, TimeUnit.SECONDS);
            assertThat(node.settings.readOnly()).isTrue();
            replication.lead().get(30, TimeUnit.SECONDS);

            assertThat(client.run("GET a")).isEqualTo("$-1|");
            assertThat(client.run("SET k 1")).isEqualTo("+OK|");
        }
    }
}
