package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.UnblockedCallback;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The disk is nearly full, or full. */
@Timeout(120)
class DiskIT {
    private static final String QUEUE = "kept";

    @TempDir
    Path folder;

    @Test
    void publishersWaitAndConsumersGoOnWhileTheDiskIsNearlyFull() throws Exception {
        try (BrokerProcess broker = new BrokerProcess(folder, "{}", "-Xmx256m")) {
            broker.start();
            try (Connection connection = broker.connect()) {
                fill(connection.createChannel(), 0, 10);
            }
            broker.stop();
        }
        try (BrokerProcess broker = new BrokerProcess(folder, "{ disk-reserve: 1000TiB }", "-Xmx256m")) {
            broker.start();
            BlockingQueue<String> said = new LinkedBlockingQueue<>();
            // What is blocked is not read from, so it cannot be closed in turn.
            Connection publisher = broker.connect();
            try (Connection consumer = broker.connect()) {
                publisher.addBlockedListener(
                        (BlockedCallback) said::add, (UnblockedCallback) () -> said.add("unblocked"));
                Channel out = publisher.createChannel();
                out.basicPublish("", QUEUE, MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[10]);
                assertThat(said.poll(20, TimeUnit.SECONDS)).isEqualTo("low on disk");
                Channel in = consumer.createChannel();
                assertThat(drain(in).subList(0, 10)).isEqualTo(numbers(10));
                assertThat(in.messageCount(QUEUE)).isZero();
            } finally {
                publisher.abort(1000);
            }
        }
    }

    @Test
    void aFullDiskRefusesAndKeepsWhatItConfirmedOverStartsOnIt() throws Exception {
        Path state = Files.createDirectories(folder.resolve("state"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", state.toString()))
                .as("a file system of its own can be mounted")
                .isTrue();
        try (BrokerProcess broker = new BrokerProcess(folder, "{ disk-reserve: 0B, segment: 4MiB }", "-Xmx256m")) {
            broker.start();
            int confirmed = 0;
            Connection publisher = broker.connect();
            try {
                Channel channel = publisher.createChannel();
                channel.queueDeclare(QUEUE, true, false, false, Map.of());
                channel.confirmSelect();
                while (confirms(channel, confirmed)) {
                    confirmed++;
                }
            } finally {
                publisher.abort(1000);
            }
            assertThat(confirmed).isGreaterThan(100);
            broker.kill();
            broker.start();
            try (Connection connection = broker.connect()) {
                assertThat(connection.createChannel().messageCount(QUEUE)).isBetween((long) confirmed, confirmed + 1L);
            }
            broker.stop();
            assertThat(run("mount", "-o", "remount,size=128m", state.toString()))
                    .isTrue();
            broker.start();
            try (Connection connection = broker.connect()) {
                Channel channel = connection.createChannel();
                assertThat(drain(channel).subList(0, confirmed)).isEqualTo(numbers(confirmed));
                fill(channel, 0, 10);
            }
        } finally {
            run("umount", "-l", state.toString());
        }
    }

    @Test
    void aFullDiskIsWrittenAgainOnceItHasRoomAndKnowsWhatWasAcknowledgedMeanwhile(LogWatcher.Expected watched)
            throws Exception {
        watched.expect("log write failed");
        watched.expect("the log is written again");
        Path state = Files.createDirectories(folder.resolve("state"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", state.toString()))
                .as("a file system of its own can be mounted")
                .isTrue();
        String section = "{ disk-reserve: 0B, segment: 4MiB }";
        try {
            int confirmed = 0;
            try (TestBroker broker = new TestBroker(folder, section)) {
                Connection blocked = broker.connect();
                try {
                    Channel channel = blocked.createChannel();
                    channel.queueDeclare(QUEUE, true, false, false, Map.of());
                    channel.confirmSelect();
                    while (confirms(channel, confirmed)) {
                        confirmed++;
                    }
                } finally {
                    blocked.abort(1000);
                }
                try (Connection consumer = broker.connect()) {
                    Channel channel = consumer.createChannel();
                    for (int i = 0; i < 10; i++) {
                        assertThat(number(channel.basicGet(QUEUE, true))).isEqualTo(i);
                    }
                }
                assertThat(run("mount", "-o", "remount,size=128m", state.toString()))
                        .isTrue();
                try (Connection publisher = broker.connect()) {
                    Channel channel = publisher.createChannel();
                    channel.confirmSelect();
                    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                    while (!confirms(channel, -1)) {
                        assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                    }
                }
            }
            try (TestBroker broker = new TestBroker(folder, section);
                    Connection connection = broker.connect()) {
                List<Integer> left = drain(connection.createChannel());
                List<Integer> expected = numbers(confirmed).subList(10, confirmed);
                assertThat(left.subList(0, expected.size())).isEqualTo(expected);
                assertThat(left.getLast()).isEqualTo(-1);
            }
        } finally {
            run("umount", "-l", state.toString());
        }
    }

    /** Its segments are small, so that it is a new one there is no room for. */
    @Test
    void aStreamOnAFullDiskIsWrittenAgainOnceItHasRoom() throws Exception {
        Path state = Files.createDirectories(folder.resolve("state"));
        assumeThat(run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", state.toString()))
                .as("a file system of its own can be mounted")
                .isTrue();
        Map<String, Object> stream =
                Map.of("x-queue-type", "stream", "x-stream-max-segment-size-bytes", 1_000_000, "x-max-age", "1D");
        // A process of its own: Chronicle would go on watching the disk.
        try (BrokerProcess broker = new BrokerProcess(folder, "{ disk-reserve: 0B, segment: 4MiB }", "-Xmx256m")) {
            broker.start();
            int confirmed = 0;
            Connection blocked = broker.connect();
            try {
                Channel channel = blocked.createChannel();
                channel.queueDeclare(QUEUE, true, false, false, stream);
                channel.confirmSelect();
                while (confirms(channel, confirmed)) {
                    confirmed++;
                }
            } finally {
                blocked.abort(1000);
            }
            assertThat(run("mount", "-o", "remount,size=192m", state.toString()))
                    .isTrue();
            try (Connection publisher = broker.connect()) {
                Channel channel = publisher.createChannel();
                channel.confirmSelect();
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
                while (!confirms(channel, confirmed)) {
                    assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                }
                channel.queueDelete(QUEUE);
                try (Stream<Path> left = Files.list(state.resolve("nodes/mq/streams"))) {
                    assertThat(left).isEmpty();
                }
            }
        } finally {
            run("umount", "-l", state.toString());
        }
    }

    private static int number(GetResponse got) {
        return ByteBuffer.wrap(got.getBody()).getInt();
    }

    /** Whether a message is confirmed, neither refused nor left waiting behind a full disk. */
    private static boolean confirms(Channel channel, int number) throws Exception {
        AtomicBoolean blocked = new AtomicBoolean();
        BlockedListener listener =
                channel.getConnection().addBlockedListener(reason -> blocked.set(true), () -> blocked.set(false));
        try {
            channel.basicPublish("", QUEUE, MessageProperties.MINIMAL_PERSISTENT_BASIC, body(number, 60_000));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!blocked.get() && System.nanoTime() < deadline) {
                try {
                    return channel.waitForConfirms(100);
                } catch (TimeoutException e) {
                    // Late, or blocked.
                }
            }
            return false;
        } finally {
            channel.getConnection().removeBlockedListener(listener);
        }
    }

    private static void fill(Channel channel, int from, int count) throws Exception {
        channel.queueDeclare(QUEUE, true, false, false, Map.of());
        channel.confirmSelect();
        for (int i = from; i < from + count; i++) {
            channel.basicPublish("", QUEUE, MessageProperties.MINIMAL_PERSISTENT_BASIC, body(i, 100));
        }
        channel.waitForConfirmsOrDie(20_000);
    }

    private static byte[] body(int number, int size) {
        return ByteBuffer.allocate(size).putInt(number).array();
    }

    private static List<Integer> drain(Channel channel) throws IOException {
        List<Integer> all = new ArrayList<>();
        for (GetResponse got = channel.basicGet(QUEUE, true); got != null; got = channel.basicGet(QUEUE, true)) {
            all.add(number(got));
        }
        return all;
    }

    private static List<Integer> numbers(int to) {
        return java.util.stream.IntStream.range(0, to).boxed().toList();
    }

    private static boolean run(String... command) throws Exception {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
