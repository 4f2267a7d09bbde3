package io.plinth.kit.lifecycle;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A daemon for tests: prefixes nothing, echoes everything, drains when its connections have ended. */
final class EchoType implements DaemonType {
    private final boolean sharesData;

    EchoType(boolean sharesData) {
        this.sharesData = sharesData;
    }

    @Override
    public boolean sharesData() {
        return sharesData;
    }

    @Doc("Echoes.")
    record EchoConfig(
            @Doc("Said to whom asks /greeting.") @Default("hello")
            String greeting) {}

    @Override
    public String kind() {
        return "echo";
    }

    @Override
    public Class<? extends Record> config() {
        return EchoConfig.class;
    }

    @Override
    public int standardPort() {
        return 7;
    }

    @Override
    public JvmSizing jvm(StackFile file, NodeConfig node) {
        return new JvmSizing(new DataSize(64 << 20), new DataSize(64 << 20), List.of());
    }

    @Override
    public Daemon create(NodeContext context) {
        return new Echo(context);
    }

    static final class Echo implements Daemon {
        private final NodeContext context;
        private final Map<String, InetSocketAddress> listening = new TreeMap<>();
        private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        volatile String greeting;
        volatile boolean warm = true;

        Echo(NodeContext context) {
            this.context = context;
            this.greeting = context.section(EchoConfig.class).greeting();
            context.admin()
                    .route(
                            "GET",
                            "/greeting",
                            request -> CompletableFuture.completedFuture(Response.text(200, greeting)));
            context.admin().readyWhen("warm", () -> warm);
        }

        @Override
        public void start() throws Exception {
            HostPort at = new HostPort(context.node().host(), context.file().port(context.node()));
            listening.put(
                    "echo", context.listeners().tcp("echo", at, new Child()).address());
        }

        @Override
        public Map<String, InetSocketAddress> listening() {
            return listening;
        }

        @Override
        public void reload(StackFile next) throws ConfigException {
            String changed = next.section(context.node(), EchoConfig.class).greeting();
            if (changed.isEmpty()) {
                throw new ConfigException(List.of(new Problem("plinth.yaml", 1, 1, "greeting: empty")));
            }
            greeting = changed;
        }

        @Override
        public CompletionStage<Void> drain() {
            context.listeners().stopAccepting();
            CompletableFuture<Void> ended = new CompletableFuture<>();
            clients.newCloseFuture().addListener(done -> ended.complete(null));
            return ended;
        }

        @Override
        public void close() {
            clients.close().awaitUninterruptibly();
        }

        private final class Child extends ChannelInitializer<Channel> {
            @Override
            protected void initChannel(Channel channel) {
                clients.add(channel);
                channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ctx.writeAndFlush(message);
                    }
                });
            }
        }
    }
}
