package shop.demo;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler.HandshakeComplete;

/** Owned by the connection's event loop. A live page: greets with the instance's name, echoes, and hears the feed. */
final class LiveHandler extends SimpleChannelInboundHandler<TextWebSocketFrame> {
    private final ChannelGroup live;
    private final String instance;

    LiveHandler(ChannelGroup live, String instance) {
        this.live = live;
        this.instance = instance;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
        if (event instanceof HandshakeComplete) {
            live.add(ctx.channel());
            ctx.writeAndFlush(new TextWebSocketFrame("live from " + instance));
        }
        super.userEventTriggered(ctx, event);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, TextWebSocketFrame frame) {
        ctx.writeAndFlush(new TextWebSocketFrame("echo " + frame.text()));
    }
}
