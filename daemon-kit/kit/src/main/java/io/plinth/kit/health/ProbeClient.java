package io.plinth.kit.health;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.plinth.kit.net.ClientTls;
import io.plinth.kit.net.TlsException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;

/** Makes one probe over a connection at a time per call, on the loop it is given; bounded in time and in what it reads. */
public final class ProbeClient implements Prober, AutoCloseable {
    private static final int LINE_MAX = 4096;
    private static final int HEADERS_MAX = 16 << 10;
    private static final int CHUNK_MAX = 8192;

    private final Class<? extends Channel> channelClass;
    private final ClientTls tls;
    private final ClientTls http2Tls;

    /** For probes on loops that carry {@code channelClass}; certificates are not verified. */
    public ProbeClient(Class<? extends Channel> channelClass) throws TlsException {
        this.channelClass = channelClass;
        this.tls = ClientTls.unverified(List.of());
        this.http2Tls = ClientTls.unverified(List.of("h2"));
    }

    /** Probes; {@code done} is called once, on the loop. The returned channel may be closed to give up. */
    public Channel probe(
            EventLoop loop, InetSocketAddress target, HealthCheckConfig check, Consumer<ProbeResult> done) {
        Integer port = check.port();
        InetSocketAddress address = port == null ? target : new InetSocketAddress(target.getAddress(), port);
        int millis = (int) Math.min(Integer.MAX_VALUE, check.timeout().toMillis());
        ProbeExchange exchange = exchange(address, check, done);
        ChannelFuture connected = new Bootstrap()
                .group(loop)
                .channel(channelClass)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        pipeline(channel, address, check, exchange);
                    }
                })
                .connect(address);
        connected.addListener(done1 -> exchange.connected(connected));
        return connected.channel();
    }

    @Override
    public Runnable probe(
            EventLoop loop,
            String name,
            InetSocketAddress target,
            HealthCheckConfig check,
            Consumer<ProbeResult> done) {
        Channel channel = probe(loop, target, check, done);
        return channel::close;
    }

    private static ProbeExchange exchange(
            InetSocketAddress address, HealthCheckConfig check, Consumer<ProbeResult> done) {
        if (check.http() != null) {
            return new HttpExchange(address, check, done);
        }
        return check.grpc() != null ? new GrpcExchange(address, check, done) : new ProbeExchange(check, done);
    }

    private void pipeline(Channel channel, InetSocketAddress address, HealthCheckConfig check, ProbeExchange exchange) {
        if (check.tls()) {
            ClientTls client = check.grpc() != null ? http2Tls : tls;
            channel.pipeline().addLast(client.handler(channel.alloc(), serverName(check, address), address.getPort()));
        }
        if (check.http() != null) {
            channel.pipeline().addLast(new HttpClientCodec(LINE_MAX, HEADERS_MAX, CHUNK_MAX));
        } else if (check.grpc() != null) {
            channel.pipeline()
                    .addLast(Http2FrameCodecBuilder.forClient()
                            .initialSettings(Http2Settings.defaultSettings().pushEnabled(false))
                            .build())
                    .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()));
        }
        channel.pipeline().addLast(exchange);
    }

    private static String serverName(HealthCheckConfig check, InetSocketAddress address) {
        String sni = check.sni() != null ? check.sni() : check.host();
        return sni != null ? sni : address.getHostString();
    }

    /** Frees the TLS contexts. */
    @Override
    public void close() {
        tls.close();
        http2Tls.close();
    }
}
