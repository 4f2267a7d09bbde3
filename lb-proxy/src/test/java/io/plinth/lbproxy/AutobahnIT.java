package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolConfig;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Autobahn's client with its WebSocket cases, through the proxy, at a server that echoes: the profile {@code autobahn} runs all of
 * them, some minutes. The suite is Python, which Jython runs in a process of its own.
 */
@EnabledIfSystemProperty(named = "autobahn.cases", matches = ".+")
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class AutobahnIT {
    private static final Pattern CASE = Pattern.compile("\"([0-9]+(?:\\.[0-9]+)+)\": \\{([^}]*)}");
    private static final Pattern BEHAVIOR = Pattern.compile("\"behavior(?:Close)?\": \"([^\"]*)\"");
    private static final String SCRIPT = """
        import sys
        from autobahntestsuite import wstest
        spec = {'options': {'failByDrop': False}, 'outdir': sys.argv[3], 'cases': [sys.argv[2]], 'exclude-cases': [],
                'exclude-agent-cases': {}, 'servers': [{'agent': 'lb-proxy', 'url': sys.argv[1], 'options': {'version': 18}}]}
        wstest.start({'mode': 'fuzzingclient'}, spec)
        """;

    @TempDir
    Path folder;

    /** Frames go back as they came, but for the control frames that the handler before answers. */
    private static final class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            ctx.writeAndFlush(frame.retain());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static Channel echo(EventLoopGroup group) throws InterruptedException {
        return new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(
                                        new HttpServerCodec(),
                                        new HttpObjectAggregator(65_536),
                                        new WebSocketServerProtocolHandler(WebSocketServerProtocolConfig.newBuilder()
                                                .websocketPath("/")
                                                .maxFramePayloadLength(32 << 20)
                                                .build()),
                                        new Echo());
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
    }

    @Test
    void everyCaseGoesThrough() throws Exception {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        Channel server = echo(group);
        int port = ((InetSocketAddress) server.localAddress()).getPort();
        Path reports = folder.resolve("reports");
        try (Proxy proxy = Proxy.start(folder, """
              routes: { all: { pool: web } }
              pools: { web: { servers: { s: "127.0.0.1:%d" } } }
            """.formatted(port))) {
            Process suite = new ProcessBuilder(List.of(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            "-Dpython.cachedir.skip=true",
                            "org.python.util.jython",
                            Files.writeString(folder.resolve("suite.py"), SCRIPT)
                                    .toString(),
                            "ws://127.0.0.1:" + proxy.address().getPort(),
                            System.getProperty("autobahn.cases"),
                            reports.toString()))
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("log").toFile())
                    .start();
            try {
                assertThat(suite.waitFor(30, TimeUnit.MINUTES)).isTrue();
            } finally {
                suite.destroyForcibly();
            }
        } finally {
            server.close().sync();
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
        check(reports);
    }

    private void check(Path reports) throws Exception {
        assertThat(reports.resolve("index.json"))
                .as(Files.readString(folder.resolve("log")))
                .exists();
        TreeMap<String, Integer> counts = new TreeMap<>();
        List<String> bad = new ArrayList<>();
        Matcher cases = CASE.matcher(Files.readString(reports.resolve("index.json")));
        while (cases.find()) {
            Matcher behaviors = BEHAVIOR.matcher(cases.group(2));
            while (behaviors.find()) {
                String behavior = behaviors.group(1);
                counts.merge(behavior, 1, Integer::sum);
                if (!behavior.equals("OK") && !behavior.equals("INFORMATIONAL")) {
                    bad.add(cases.group(1) + " " + behavior);
                }
            }
        }
        assertThat(bad).as("of " + counts).isEmpty();
        assertThat(counts).containsKey("OK");
        System.out.println("Autobahn: " + counts);
    }
}
