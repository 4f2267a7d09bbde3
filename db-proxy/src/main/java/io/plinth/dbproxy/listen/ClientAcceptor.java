package io.plinth.dbproxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.plinth.dbproxy.client.ClientConnection;
import io.plinth.dbproxy.client.Front;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Gives every accepted channel its conversation, and can let them all go. Shared by the loops. */
@Sharable
public final class ClientAcceptor extends ChannelInitializer<Channel> {
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 << 10, 256 << 10);
    private static final long DRAIN_ROUND_MILLIS = 20;

    private final Front front;
    private final Set<Channel> open = ConcurrentHashMap.newKeySet();

    public ClientAcceptor(Front front) {
        this.front = front;
    }

    @Override
    protected void initChannel(Channel channel) {
        open.add(channel);
        channel.config().setOption(ChannelOption.TCP_NODELAY, true);
        channel.config().setOption(ChannelOption.SO_KEEPALIVE, true);
        channel.config().setWriteBufferWaterMark(WATER_MARK);
        channel.pipeline().addLast("client", new ClientConnection(front, () -> open.remove(channel)));
    }

    /** Lets clients go as each ends its transaction; completes when none is left. */
    public CompletionStage<Void> drain() {
        CompletableFuture<Void> drained = new CompletableFuture<>();
        round(drained);
        return drained;
    }

    private void round(CompletableFuture<Void> drained) {
        if (open.isEmpty()) {
            drained.complete(null);
            return;
        }
        for (Channel channel : open) {
            channel.eventLoop().execute(() -> {
                ClientConnection connection = channel.pipeline().get(ClientConnection.class);
                if (connection != null) {
                    connection.closeWhenQuiet();
                }
            });
        }
        CompletableFuture.delayedExecutor(DRAIN_ROUND_MILLIS, TimeUnit.MILLISECONDS)
                .execute(() -> round(drained));
    }

    /** Closes every client at once. */
    public void close() {
        open.forEach(Channel::close);
    }
}
