package io.plinth.kvcache.listen;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Settings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/**
 * Shared by all connections of a port: while nobody needs a password, only the node's own machine and the other nodes of its cluster are let
 * in, as a cache that anybody may write to is a way into the machine. Who is refused is told what to do.
 */
@Sharable
public final class ProtectedMode extends ChannelInboundHandlerAdapter {
    private static final String WHY =
            "the node runs in protected mode: it has no password, so it takes connections of its own machine only."
                + " Either give it one (`kv-cache.password` in the file, or CONFIG SET requirepass), or, where nobody"
                + " else can reach it, set `kv-cache.protected-mode: false` (or send CONFIG SET protected-mode no from"
                + " its own machine).\r\n";

    private final Settings settings;
    private final Supplier<Topology> topology;
    private final String refusal;

    private ProtectedMode(Settings settings, Supplier<Topology> topology, String kind) {
        this.settings = settings;
        this.topology = topology;
        this.refusal = kind + WHY;
    }

    /** For Redis's protocol. */
    public static ProtectedMode redis(Settings settings, Supplier<Topology> topology) {
        return new ProtectedMode(settings, topology, "-DENIED ");
    }

    /** For memcached's. */
    public static ProtectedMode memcached(Settings settings, Supplier<Topology> topology) {
        return new ProtectedMode(settings, topology, "SERVER_ERROR ");
    }

    /** Whether who comes from this address is not let in now. */
    boolean refuses(InetAddress remote) {
        return settings.protectedMode()
                && settings.users().open()
                && !remote.isLoopbackAddress()
                && topology.get().members().stream()
                        .noneMatch(member -> member.host().equals(remote.getHostAddress()));
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (ctx.channel().remoteAddress() instanceof InetSocketAddress remote
                && remote.getAddress() != null
                && refuses(remote.getAddress())) {
            ctx.writeAndFlush(ByteBufUtil.writeAscii(ctx.alloc(), refusal)).addListener(ChannelFutureListener.CLOSE);
        } else {
            // Those behind it hear of the connection, and of what comes, without it.
            ctx.pipeline().remove(this);
            ctx.fireChannelActive();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {}
}
