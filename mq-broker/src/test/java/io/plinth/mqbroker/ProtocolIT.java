package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.BlockedCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.UnblockedCallback;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.FrameDecoder;
import io.plinth.mqbroker.wire.FrameWriter;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.MethodDecoder;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The broker against a peer that does not keep to the protocol, and its limits. */
@Timeout(60)
class ProtocolIT {
    private static TestBroker broker;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        broker = new TestBroker(
                folder,
                "{ memory: 2MiB, limits: { message: 64KiB, handshake: 500ms, channel-max: 3, publish-window: 64KiB,"
                        + " partial: 64KiB }"
                        + " }");
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    /** Frames by hand. */
    private static final class Peer implements AutoCloseable {
        private final Socket socket = new Socket("127.0.0.1", broker.address().getPort());
        private final DataInputStream in = new DataInputStream(socket.getInputStream());

        Peer() throws IOException {
            socket.setSoTimeout(20_000);
        }

        void send(byte[] bytes) throws IOException {
            socket.getOutputStream().write(bytes);
        }

        void send(Consumer<ByteBuf> writer) throws IOException {
            ByteBuf out = Unpooled.buffer();
            writer.accept(out);
            byte[] bytes = new byte[out.readableBytes()];
            out.readBytes(bytes);
            send(bytes);
        }

        void send(int channel, Method method) throws IOException {
            send(out -> FrameWriter.method(out, channel, method));
        }

        /** The next frame's method, or null for one that is none. */
        @Nullable
        Method read() throws IOException {
            int type = in.readUnsignedByte();
            in.readUnsignedShort();
            byte[] payload = new byte[in.readInt()];
            in.readFully(payload);
            assertThat(in.readUnsignedByte()).isEqualTo(Frame.END);
            return type == Frame.TYPE_METHOD
                    ? new MethodDecoder(new FieldTableCodec(16, 1 << 17)).decode(Unpooled.wrappedBuffer(payload))
                    : null;
        }

        Method readMethod() throws IOException {
            Method method = read();
            while (method == null) {
                method = read();
            }
            return method;
        }

        int closeCode() throws IOException {
            Method method = read();
            while (method == null || !(method instanceof ConnectionMethod.Close)) {
                method = read();
            }
            return ((ConnectionMethod.Close) method).replyCode();
        }

        Peer open(int heartbeat) throws IOException {
            send(FrameDecoder.preamble());
            assertThat(read()).isInstanceOf(ConnectionMethod.Start.class);
            FieldTable can = new FieldTable(Map.of("authentication_failure_close", true));
            send(
                    0,
                    new ConnectionMethod.StartOk(
                            new FieldTable(Map.of("capabilities", can)),
                            "PLAIN",
                            "\0guest\0guest".getBytes(UTF_8),
                            "en_US"));
            ConnectionMethod.Tune tune = (ConnectionMethod.Tune) read();
            assertThat(tune).isEqualTo(new ConnectionMethod.Tune(3, 131_072, 60));
            send(0, new ConnectionMethod.TuneOk(3, 4096, heartbeat));
            send(0, new ConnectionMethod.Open("/", "", false));
            assertThat(read()).isInstanceOf(ConnectionMethod.OpenOk.class);
            return this;
        }

        Peer openChannel() throws IOException {
            open(0);
            send(1, new ChannelMethod.Open(""));
            assertThat(read()).isInstanceOf(ChannelMethod.OpenOk.class);
            return this;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void aStrangeHeaderIsAnsweredWithOursAndClosed() throws Exception {
        try (Peer peer = new Peer()) {
            peer.send("GET / HTTP/1.1\r\n".getBytes(UTF_8));
            assertThat(peer.in.readAllBytes()).isEqualTo(new byte[] {'A', 'M', 'Q', 'P', 0, 0, 9, 1});
        }
    }

    @Test
    void whoDoesNotOpenInTimeIsClosed() throws Exception {
        try (Peer peer = new Peer()) {
            peer.send(FrameDecoder.preamble());
            assertThat(peer.read()).isInstanceOf(ConnectionMethod.Start.class);
            assertThat(peer.in.read()).isEqualTo(-1);
        }
    }

    @Test
    void aSilentConnectionGetsHeartbeatsAndIsClosedAfterTwo() throws Exception {
        try (Peer peer = new Peer().open(1)) {
            int beats = 0;
            try {
                while (true) {
                    assertThat(peer.read()).isNull();
                    beats++;
                }
            } catch (java.io.EOFException e) {
                assertThat(beats).isPositive();
            }
        }
    }

    @Test
    void brokenFramesEndTheConnectionWithTheirCode() throws Exception {
        try (Peer peer = new Peer().openChannel()) {
            peer.send(new byte[] {9, 0, 1, 0, 0, 0, 0, (byte) 0xCE});
            assertThat(peer.closeCode()).isEqualTo(501);
        }
        try (Peer peer = new Peer().openChannel()) {
            // Longer than the 4096 agreed on.
            peer.send(new byte[] {3, 0, 1, 0, 0, 0x10, 0});
            assertThat(peer.closeCode()).isEqualTo(501);
        }
        try (Peer peer = new Peer().openChannel()) {
            peer.send(1, new ChannelMethod.Open(""));
            assertThat(peer.closeCode()).isEqualTo(504);
        }
        try (Peer peer = new Peer().openChannel()) {
            peer.send(2, new BasicMethod.Qos(0, 1, false));
            assertThat(peer.closeCode()).isEqualTo(504);
        }
        try (Peer peer = new Peer().openChannel()) {
            peer.send(4, new ChannelMethod.Open(""));
            assertThat(peer.closeCode()).isEqualTo(530);
        }
        try (Peer peer = new Peer().openChannel()) {
            peer.send(1, new BasicMethod.Publish(0, "", "q", false, false));
            peer.send(1, new BasicMethod.Qos(0, 1, false));
            assertThat(peer.closeCode()).isEqualTo(505);
        }
        try (Peer peer = new Peer().openChannel()) {
            peer.send(out -> FrameWriter.content(out, 1, new byte[2], new byte[3], 4096));
            assertThat(peer.closeCode()).isEqualTo(505);
        }
        try (Peer peer = new Peer().openChannel()) {
            peer.send(1, new BasicMethod.GetEmpty(""));
            assertThat(peer.closeCode()).isEqualTo(503);
        }
        try (Peer peer = new Peer()) {
            peer.send(FrameDecoder.preamble());
            peer.read();
            peer.send(
                    0,
                    new ConnectionMethod.StartOk(FieldTable.EMPTY, "PLAIN", "\0guest\0guest".getBytes(UTF_8), "en_US"));
            peer.read();
            peer.send(0, new ConnectionMethod.TuneOk(3, 1024, 0));
            assertThat(peer.closeCode()).isEqualTo(530);
        }
    }

    @Test
    void pipelinedMethodsAreAnsweredInTheirOrder() throws Exception {
        try (Peer peer = new Peer().openChannel()) {
            peer.send(out -> {
                FrameWriter.method(
                        out,
                        1,
                        new io.plinth.mqbroker.wire.QueueMethod.Declare(
                                0, "pipelined", false, false, true, false, false, FieldTable.EMPTY));
                FrameWriter.method(out, 1, new io.plinth.mqbroker.wire.ConfirmMethod.Select(false));
                FrameWriter.method(out, 1, new BasicMethod.Publish(0, "", "pipelined", true, false));
                FrameWriter.content(out, 1, new byte[2], "x".getBytes(UTF_8), 4096);
                FrameWriter.method(out, 1, new BasicMethod.Get(0, "pipelined", true));
            });
            assertThat(peer.read()).isInstanceOf(io.plinth.mqbroker.wire.QueueMethod.DeclareOk.class);
            assertThat(peer.read()).isInstanceOf(io.plinth.mqbroker.wire.ConfirmMethod.SelectOk.class);
            Set<Class<?>> last = new HashSet<>();
            last.add(peer.readMethod().getClass());
            last.add(peer.readMethod().getClass());
            assertThat(last).containsExactlyInAnyOrder(BasicMethod.Ack.class, BasicMethod.GetOk.class);
        }
    }

    @Test
    void publishersAreBlockedWhileMemoryIsShort() throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        try (Connection publisher = broker.connect();
                Connection consumer = broker.connect()) {
            publisher.addBlockedListener((BlockedCallback) said::add, (UnblockedCallback) () -> said.add("unblocked"));
            Channel out = publisher.createChannel();
            String queue =
                    out.queueDeclare("full", false, false, true, Map.of()).getQueue();
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < 60; i++) {
                        out.basicPublish("", queue, null, new byte[60_000]);
                    }
                } catch (IOException e) {
                    said.add(e.toString());
                }
            });
            assertThat(said.poll(20, TimeUnit.SECONDS)).isEqualTo("low on memory");
            try (ManagementClient api = broker.management()) {
                assertThat(api.get("connections").body()).contains("\"state\":\"blocked\"", "\"state\":\"blocking\"");
            }
            Channel in = consumer.createChannel();
            BlockingQueue<Integer> seen = new LinkedBlockingQueue<>();
            in.basicConsume(queue, true, (tag, delivery) -> seen.add(delivery.getBody().length), tag -> {});
            assertThat(said.poll(20, TimeUnit.SECONDS)).isEqualTo("unblocked");
            for (int i = 0; i < 60; i++) {
                assertThat(seen.poll(20, TimeUnit.SECONDS)).isEqualTo(60_000);
            }
            writer.join();
        }
    }

    @Test
    void aSlowConsumerHoldsItsQueueNotTheBroker() throws Exception {
        try (Peer slow = new Peer().openChannel();
                Connection publisher = broker.connect()) {
            Channel out = publisher.createChannel();
            String queue =
                    out.queueDeclare("slow", false, false, false, Map.of()).getQueue();
            slow.send(1, new BasicMethod.Consume(0, queue, "c", false, true, false, false, FieldTable.EMPTY));
            assertThat(slow.read()).isInstanceOf(BasicMethod.ConsumeOk.class);
            // Reads nothing of it: sockets' buffers, the water mark and the window fill, then the queue keeps the rest.
            long ready = 0;
            for (int i = 0; i < 400 && ready == 0; i++) {
                out.basicPublish("", queue, null, new byte[60_000]);
                ready = out.messageCount(queue);
            }
            assertThat(ready).isPositive();
            for (int i = 0; i < 10; i++) {
                assertThat(slow.read()).isInstanceOf(BasicMethod.Deliver.class);
                slow.read();
                for (int octets = 60_000; octets > 0; octets -= 4088) {
                    slow.read();
                }
            }
            out.queueDelete(queue);
        }
    }

    @Test
    void aSecretMayBeUpdated() throws Exception {
        try (Peer peer = new Peer().open(0)) {
            peer.send(0, new ConnectionMethod.UpdateSecret("guest".getBytes(UTF_8), "rotation"));
            assertThat(peer.read()).isInstanceOf(ConnectionMethod.UpdateSecretOk.class);
        }
    }

    @Test
    void bodiesThatNeverEndAreBoundedByConnection() throws Exception {
        try (Peer peer = new Peer().openChannel()) {
            for (int channel = 2; channel <= 3; channel++) {
                peer.send(channel, new ChannelMethod.Open(""));
                assertThat(peer.read()).isInstanceOf(ChannelMethod.OpenOk.class);
            }
            byte[] part = new byte[4000];
            for (int channel = 1; channel <= 3; channel++) {
                peer.send(channel, new BasicMethod.Publish(0, "", "q", false, false));
                int number = channel;
                peer.send(out -> {
                    out.writeByte(Frame.TYPE_HEADER).writeShort(number).writeInt(14);
                    out.writeShort(60)
                            .writeShort(0)
                            .writeLong(60_000)
                            .writeShort(0)
                            .writeByte(Frame.END);
                    for (int i = 0; i < 6; i++) {
                        out.writeByte(Frame.TYPE_BODY).writeShort(number).writeInt(part.length);
                        out.writeBytes(part).writeByte(Frame.END);
                    }
                });
            }
            assertThat(peer.closeCode()).isEqualTo(506);
        }
    }
}
