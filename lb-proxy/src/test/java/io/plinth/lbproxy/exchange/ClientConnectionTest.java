package io.plinth.lbproxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.plinth.lbproxy.forward.Face;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientConnectionTest {
    /** A client that takes nothing for now. */
    private static final class Full extends ChannelOutboundHandlerAdapter {
        private final List<Runnable> held = new ArrayList<>();

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            held.add(() -> ctx.write(message, promise));
        }

        void takes(EmbeddedChannel channel) {
            held.forEach(Runnable::run);
            held.clear();
            channel.flush();
            channel.runPendingTasks();
        }
    }

    /** As with {@code half-close}: nothing, an empty line as some clients send behind a body, or part of a head. */
    @ParameterizedTest
    @ValueSource(strings = {"", "\r\n", "GET / HT"})
    void whatIsOnItsWayWhenAClientClosesItsSendingSideArrives(String behind) {
        Full full = new Full();
        EmbeddedChannel channel = new EmbeddedChannel();
        Worker worker = WorkerTest.worker(channel.eventLoop(), WorkerTest.empty());
        ClientConnection connection = new ClientConnection(worker, new Face("public", false), () -> {});
        channel.pipeline().addLast(full, connection);
        connection.write(text("the end of a response"));
        connection.flush();
        if (!behind.isEmpty()) {
            channel.writeInbound(text(behind));
        }
        channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        full.takes(channel);
        ByteBuf out = channel.readOutbound();
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo("the end of a response");
        out.release();
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }
}
