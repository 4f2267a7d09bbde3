package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.wire.ChannelMethod;
import io.plinth.mqbroker.wire.ConnectionMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.FieldTableCodec;
import io.plinth.mqbroker.wire.Frame;
import io.plinth.mqbroker.wire.FrameDecoder;
import io.plinth.mqbroker.wire.FrameWriter;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.MethodDecoder;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.List;

/** An open connection of frames by hand, with channel 1: it sends methods without waiting for answers. */
final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final DataInputStream in;
    private final MethodDecoder decoder = new MethodDecoder(new FieldTableCodec(16, 1 << 17));

    RawClient(int port) throws IOException {
        this(port, "/");
    }

    RawClient(int port, String vhost) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(60_000);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
        socket.getOutputStream().write(FrameDecoder.preamble());
        assertThat(read()).isInstanceOf(ConnectionMethod.Start.class);
        byte[] secret = "\0guest\0guest".getBytes(UTF_8);
        send(0, new ConnectionMethod.StartOk(FieldTable.EMPTY, "PLAIN", secret, "en_US"));
        assertThat(read()).isInstanceOf(ConnectionMethod.Tune.class);
        send(0, new ConnectionMethod.TuneOk(100, 131_072, 0));
        send(0, new ConnectionMethod.Open(vhost, "", false));
        assertThat(read()).isInstanceOf(ConnectionMethod.OpenOk.class);
        open(1);
    }

    private static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    void open(int channel) throws IOException {
        send(channel, new ChannelMethod.Open(""));
        assertThat(read()).isInstanceOf(ChannelMethod.OpenOk.class);
    }

    void send(int channel, Method method) throws IOException {
        send(channel, List.of(method));
    }

    /** Sends all in one write. */
    void send(int channel, List<? extends Method> methods) throws IOException {
        ByteBuf out = Unpooled.buffer();
        methods.forEach(method -> FrameWriter.method(out, channel, method));
        socket.getOutputStream().write(bytes(out));
    }

    Method read() throws IOException {
        while (true) {
            int type = in.readUnsignedByte();
            in.readUnsignedShort();
            byte[] payload = new byte[in.readInt()];
            in.readFully(payload);
            assertThat(in.readUnsignedByte()).isEqualTo(Frame.END);
            if (type == Frame.TYPE_METHOD) {
                return decoder.decode(Unpooled.wrappedBuffer(payload));
            }
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
