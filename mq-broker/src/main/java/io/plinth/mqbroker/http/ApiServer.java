package io.plinth.mqbroker.http;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.plinth.kit.net.ServerTls;
import io.plinth.mqbroker.auth.Access;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an accepted socket of the management API gets. */
public final class ApiServer extends ChannelInitializer<Channel> {
    private static final Logger LOG = LoggerFactory.getLogger(ApiServer.class);
    private static final int LINE_MAX = 16 << 10;
    private static final int HEADERS_MAX = 16 << 10;
    private static final int CHUNK_MAX = 64 << 10;
    private static final int IDLE_SECONDS = 60;

    private final ApiTable routes;
    private final Access access;
    private final Executor worker;
    private final int bodyBytes;
    private final int connectionsMax;
    private final Cors cors;
    private final @Nullable ServerTls tls;
    private final AtomicInteger connections = new AtomicInteger();

    /**
     * Serves the routes.
     *
     * @param worker where requests are handled, so that a long list holds up no loop
     * @param tls null for plain ones
     */
    public ApiServer(
            ApiTable routes,
            Access access,
            Executor worker,
            int bodyBytes,
            int connectionsMax,
            Cors cors,
            @Nullable ServerTls tls) {
        this.tls = tls;
        this.cors = cors;
        this.routes = routes;
        this.access = access;
        this.worker = worker;
        this.bodyBytes = bodyBytes;
        this.connectionsMax = connectionsMax;
    }

    @Override
    protected void initChannel(Channel channel) {
        if (connections.incrementAndGet() > connectionsMax) {
            LOG.debug("{} management connections, closing another", connectionsMax);
            channel.close();
        }
        channel.closeFuture().addListener(closed -> connections.decrementAndGet());
        if (tls != null) {
            channel.pipeline().addLast(tls.handler(channel.alloc()));
        }
        channel.pipeline()
                .addLast(new IdleStateHandler(0, 0, IDLE_SECONDS))
                .addLast(new HttpServerCodec(LINE_MAX, HEADERS_MAX, CHUNK_MAX))
                .addLast(new HttpServerKeepAliveHandler())
                .addLast(new HttpContentCompressor())
                .addLast(new HttpObjectAggregator(bodyBytes))
                .addLast(new ApiExchange(routes, access, worker, cors));
    }
}
