package io.plinth.dbproxy.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.plinth.dbproxy.wire.FrontendWriter;

/** Asks a server for TLS before the login. Owned by the connection's event loop. */
final class EncryptionRequest extends ChannelInboundHandlerAdapter {
    private final ServerKey key;
    private final Encryption encryption;
    private final ServerLogin login;

    EncryptionRequest(ServerKey key, Encryption encryption, ServerLogin login) {
        this.key = key;
        this.encryption = encryption;
        this.login = login;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        login.startDeadline(ctx);
        ByteBuf out = ctx.alloc().buffer(8);
        FrontendWriter.sslRequest(out);
        ctx.writeAndFlush(out, ctx.voidPromise());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        int length = in.readableBytes();
        byte answer = length > 0 ? in.getByte(in.readerIndex()) : 0;
        in.release();
        if (length != 1 || (answer != 'S' && answer != 'N')) {
            login.fail(ctx, "the answer to the request for TLS: " + length + " bytes (expected: S or N)");
        } else if (answer == 'S') {
            SslHandler tls = encryption
                    .tls()
                    .handler(ctx.alloc(), key.address().host(), key.address().port());
            ctx.pipeline().addFirst("tls", tls);
            tls.handshakeFuture().addListener(done -> {
                if (done.isSuccess()) {
                    login.bind(Encryption.endPoint(tls));
                    ctx.pipeline().replace(this, "login", login);
                } else {
                    login.fail(ctx, "TLS: " + done.cause().getMessage());
                }
            });
        } else if (encryption.required()) {
            login.fail(ctx, "the server offers no TLS (expected: it does, as server-tls says)");
        } else {
            ctx.pipeline().replace(this, "login", login);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        login.fail(ctx, "the server closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        login.fail(ctx, String.valueOf(cause.getMessage()));
    }
}
