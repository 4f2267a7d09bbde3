package io.plinth.kit.health;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Asks grpc.health.v1.Health/Check over HTTP/2. Owned by its event loop.
 *
 * <p>Request and response are messages of one field each, 1: the service's name, and the serving status (1 is SERVING).
 * Both stand behind five octets: not compressed, and the length (gRPC over HTTP/2, Length-Prefixed-Message).
 */
final class GrpcExchange extends ProbeExchange {
    private static final int PREFIX = 5;
    private static final int FIELD_NAME = 0x0A;
    private static final int FIELD_STATUS = 0x08;
    private static final int SERVING = 1;
    private static final int MESSAGE_MAX = 1024;
    private static final String[] STATUSES = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};

    private final InetSocketAddress address;
    private final ByteBuf message = Unpooled.buffer(16, MESSAGE_MAX);
    private String httpStatus = "";

    GrpcExchange(InetSocketAddress address, HealthCheckConfig check, Consumer<ProbeResult> done) {
        super(check, done);
        this.address = address;
    }

    @Override
    void ask(ChannelHandlerContext ctx) {
        new Http2StreamChannelBootstrap(ctx.channel())
                .handler(new Answer(ctx))
                .open()
                .addListener((Future<Http2StreamChannel> opened) -> {
                    if (opened.isSuccess()) {
                        ask(ctx, opened.getNow());
                    } else {
                        failed(ctx, String.valueOf(opened.cause().getMessage()));
                    }
                });
    }

    private void ask(ChannelHandlerContext ctx, Http2StreamChannel stream) {
        Http2Headers headers = new DefaultHttp2Headers()
                .method("POST")
                .scheme(check.tls() ? "https" : "http")
                .authority(host(check, address))
                .path("/grpc.health.v1.Health/Check")
                .set("content-type", "application/grpc")
                .set("te", "trailers")
                .set("user-agent", "plinth-health")
                .set("grpc-timeout", check.timeout().toMillis() + "m");
        byte[] service = String.valueOf(check.grpc()).getBytes(StandardCharsets.US_ASCII);
        ByteBuf request = stream.alloc().buffer();
        int start = request.writerIndex();
        request.writeByte(0).writeInt(0);
        if (service.length > 0) {
            request.writeByte(FIELD_NAME);
            int length = service.length;
            for (; length > 0x7F; length >>>= 7) {
                request.writeByte((length & 0x7F) | 0x80);
            }
            request.writeByte(length).writeBytes(service);
        }
        request.setInt(start + 1, request.writerIndex() - start - PREFIX);
        stream.write(new DefaultHttp2HeadersFrame(headers, false));
        stream.writeAndFlush(new DefaultHttp2DataFrame(request, true)).addListener(sent -> {
            if (!sent.isSuccess()) {
                failed(ctx, String.valueOf(sent.cause().getMessage()));
            }
        });
    }

    /** The one stream of the connection. */
    private final class Answer extends ChannelInboundHandlerAdapter {
        private final ChannelHandlerContext connection;

        Answer(ChannelHandlerContext connection) {
            this.connection = connection;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object frame) {
            try {
                if (frame instanceof Http2HeadersFrame headers) {
                    headers(connection, headers);
                } else if (frame instanceof Http2DataFrame data) {
                    data(connection, data);
                }
            } finally {
                ReferenceCountUtil.release(frame);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof Http2ResetFrame reset) {
                failed(connection, "stream reset, error " + reset.errorCode());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            failed(connection, String.valueOf(cause.getMessage()));
        }
    }

    private void headers(ChannelHandlerContext ctx, Http2HeadersFrame frame) {
        CharSequence status = frame.headers().status();
        if (status != null) {
            httpStatus = status.toString();
        }
        if (frame.isEndStream()) {
            CharSequence code = frame.headers().get("grpc-status");
            CharSequence why = frame.headers().get("grpc-message");
            if (code == null) {
                failed(ctx, "HTTP status " + httpStatus + " without grpc-status (expected: a gRPC server)");
            } else if (!code.toString().equals("0")) {
                failed(ctx, "grpc-status " + code + (why == null ? "" : ": " + why));
            } else {
                answered(ctx);
            }
        }
    }

    private void data(ChannelHandlerContext ctx, Http2DataFrame frame) {
        if (frame.content().readableBytes() > message.maxWritableBytes()) {
            failed(ctx, "an answer of more than " + MESSAGE_MAX + " octets (expected: a HealthCheckResponse)");
        } else {
            message.writeBytes(frame.content());
            if (frame.isEndStream()) {
                failed(ctx, "no grpc-status behind the answer");
            }
        }
    }

    private void answered(ChannelHandlerContext ctx) {
        int status = 0;
        if (message.readableBytes() >= PREFIX && message.readByte() == 0) {
            int end = Math.min(message.readInt(), message.readableBytes());
            // A status of 0 is not written at all (protobuf's default).
            if (end == 2 && message.readByte() == FIELD_STATUS) {
                status = message.readByte();
            }
        }
        String name = status >= 0 && status < STATUSES.length ? STATUSES[status] : "status " + status;
        decide(status == SERVING, name + (status == SERVING ? "" : " (expected: SERVING)"));
        ctx.close();
    }

    private void failed(ChannelHandlerContext ctx, String reason) {
        decide(false, reason);
        ctx.close();
    }
}
