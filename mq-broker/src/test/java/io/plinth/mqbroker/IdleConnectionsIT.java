package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.FrameDecoder;
import io.plinth.mqbroker.wire.FrameWriter;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that are open, with a channel each, and say nothing: a thousand, or with {@code -Didle.connections} as many more as shall be measured. */
@Timeout(120)
class IdleConnectionsIT {
    private static final int CONNECTIONS = Integer.getInteger("idle.connections", 1000);
    private static final int THOUSAND = 1000;
    private static final long MOST = 200L << 20;
    private static final long MOST_EACH = 40L << 10;

    @TempDir
    Path folder;

    /** An open connection; what the broker says is read frame by frame. */
    private static final class Idle implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;

        Idle(int port) throws IOException {
            socket = new Socket("127.0.0.1", port);
            socket.setSoTimeout(20_000);
            in = new DataInputStream(socket.getInputStream());
            send(out -> out.writeBytes(FrameDecoder.preamble()));
            skipFrame();
            byte[] secret = "\0guest\0guest".getBytes(UTF_8);
            send(out -> FrameWriter.method(
                    out, 0, new ConnectionMethod.StartOk(FieldTable.EMPTY, "PLAIN", secret, "en_US")));
            skipFrame();
            send(out -> {
                FrameWriter.method(out, 0, new ConnectionMethod.TuneOk(10, 4096, 0));
                FrameWriter.method(out, 0, new ConnectionMethod.Open("/", "", false));
            });
            skipFrame();
            send(out -> FrameWriter.method(out, 1, new ChannelMethod.Open("")));
            skipFrame();
        }

        private void send(Consumer<ByteBuf> writer) throws IOException {
            ByteBuf out = Unpooled.buffer();
            writer.accept(out);
            byte[] bytes = new byte[out.readableBytes()];
            out.readBytes(bytes);
            socket.getOutputStream().write(bytes);
        }

        private void skipFrame() throws IOException {
            assertThat(in.readUnsignedByte()).isEqualTo(Frame.TYPE_METHOD);
            in.readUnsignedShort();
            in.skipNBytes(in.readInt());
            assertThat(in.readUnsignedByte()).isEqualTo(Frame.END);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void aThousandIdleConnectionsTakeLessThan200MiB() throws Exception {
        List<Idle> idle = new ArrayList<>();
        try (BrokerProcess broker =
                new BrokerProcess(folder, "{ limits: { connections: " + (CONNECTIONS + 10) + " } }")) {
            broker.start();
            broker.connect().close();
            long before = broker.resident();
            for (int i = 0; i < CONNECTIONS; i++) {
                idle.add(new Idle(broker.port()));
            }
            long after = broker.resident();
            System.out.printf(
                    "%,d connections: resident %,d MiB, %,d before: %,d octets each%n",
                    CONNECTIONS, after >> 20, before >> 20, (after - before) / CONNECTIONS);
            assertThat(after).isLessThan(MOST + Math.max(0, CONNECTIONS - THOUSAND) * MOST_EACH);
            try (Connection working = broker.connect()) {
                Channel channel = working.createChannel();
                String queue = channel.queueDeclare().getQueue();
                Deliveries.publish(channel, "", queue, "served beside them");
                assertThat(Deliveries.get(channel, queue)).isEqualTo("served beside them");
            }
        } finally {
            for (Idle one : idle) {
                one.close();
            }
        }
    }
}
