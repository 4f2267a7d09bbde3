package io.plinth.kit.health;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.plinth.kit.net.ClientTls;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/** Makes one probe at a time per call, on the loop it is given; bounded in time and in what it reads. */
public final class ProbeClient {
    private static final int LINE_MAX = 4096;
    private static final int HEADERS_MAX = 16 << 10;
    private static final int CHUNK_MAX = 8192;

    private final Class<? extends Channel> channelClass;
    private final ClientTls tls;

    /**
     * For probes on loops that carry {@code channelClass}.
     *
     * @param tls for checks that want it
     */
    public ProbeClient(Class<? extends Channel> channelClass, ClientTls tls) {
        this.channelClass = channelClass;
        this.tls = tls;
    }

    /** Probes; {@code done} is called once, on the loop. The returned channel may be closed to give up. */
    public Channel probe(
            EventLoop loop, InetSocketAddress target, HealthCheckConfig check, Consumer<ProbeResult> done) {
        Integer port = check.port();
        InetSocketAddress address = port == null ? target : new InetSocketAddress(target.getAddress(), port);
        int millis = (int) Math.min(Integer.MAX_VALUE, check.timeout().toMillis());
        ProbeExchange exchange = new ProbeExchange(address, check, done);
        ChannelFuture connected = new Bootstrap()
                .group(loop)
                .channel(channelClass)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, millis)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        if (check.tls()) {
                            channel.pipeline()
                                    .addLast(tls.handler(
                                            channel.alloc(), serverName(check, address), address.getPort()));
                        }
                        if (check.http() != null) {
                            channel.pipeline().addLast(new HttpClientCodec(LINE_MAX, HEADERS_MAX, CHUNK_MAX));
                        }
                        channel.pipeline().addLast(exchange);
                    }
                })
                .connect(address);
        connected.addListener(done1 -> exchange.connected(connected));
        return connected.channel();
    }

    private static String serverName(HealthCheckConfig check, InetSocketAddress address) {
        String sni = check.sni() != null ? check.sni() : check.host();
        return sni != null ? sni : address.getHostString();
    }
}
