package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.plinth.testkit.SplitFeeding;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProxyProtocolTest {
    private static final byte[] V1 =
            "PROXY TCP4 203.0.113.7 192.0.2.1 51000 443\r\nhello".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] V2 = HexFormat.of()
            .parseHex(
                    "0d0a0d0a000d0a515549540a" + "2111000c" + "cb007107" + "c0000201" + "c738" + "01bb" + "68656c6c6f");

    private static EmbeddedChannel channel() {
        EmbeddedChannel channel = new EmbeddedChannel();
        ProxyProtocol.expect(channel.pipeline());
        channel.pipeline().addLast(new SimpleChannelInboundHandler<ByteBuf>() {
            @Override
            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
                for (int i = 0; i < bytes.readableBytes(); i++) {
                    ctx.fireChannelRead(
                            ProxyProtocol.remote(ctx.channel()) + " " + (char) bytes.getByte(bytes.readerIndex() + i));
                }
            }
        });
        return channel;
    }

    @Test
    void takesTheClientFromVersion1HoweverItArrives() {
        assertThat(SplitFeeding.of(V1).channel(ProxyProtocolTest::channel))
                .contains("/203.0.113.7:51000 h", "/203.0.113.7:51000 o");
    }

    @Test
    void takesTheClientFromVersion2HoweverItArrives() {
        assertThat(SplitFeeding.of(V2).channel(ProxyProtocolTest::channel))
                .contains("/203.0.113.7:51000 h", "/203.0.113.7:51000 o");
    }

    @Test
    void closesWithoutAHeader() {
        List<String> seen = SplitFeeding.of(
                        "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n".getBytes(StandardCharsets.US_ASCII))
                .channel(ProxyProtocolTest::channel);

        assertThat(seen).contains("closed").noneMatch(line -> line.contains("G"));
    }

    @Test
    void doesNotWaitForTheRestOfWhatBeginsLikeNoHeader() {
        EmbeddedChannel channel = channel();
        channel.writeInbound(Unpooled.copiedBuffer("GET / HTTP/1.1", StandardCharsets.US_ASCII));

        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void closesWhenTheHeaderDoesNotCome() {
        EmbeddedChannel channel = channel();
        channel.writeInbound(Unpooled.copiedBuffer("PROXY", StandardCharsets.US_ASCII));

        channel.advanceTimeBy(6, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();

        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }
}
