package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.impl.AMQConnection;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.net.ListenException;
import io.plinth.kit.net.Listeners;
import io.plinth.testkit.LogWatcher;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A fault of the broker itself in a connection's pipeline: the client is told, and others are not concerned. */
@Timeout(60)
class UnexpectedErrorIT {
    /** The broker, whose connections the test gets to see. */
    private static final class Watched implements DaemonType {
        private final Queue<Channel> accepted = new ConcurrentLinkedQueue<>();

        @Override
        public Daemon create(NodeContext c) throws Exception {
            return MqBrokerMain.TYPE.create(new NodeContext(
                    c.name(),
                    c.node(),
                    c.file(),
                    c.data(),
                    c.loops(),
                    new WatchedListeners(c.listeners(), accepted),
                    c.metrics(),
                    c.admin(),
                    c.clock(),
                    c.stop()));
        }

        /** Installs what fails with the next frame of the client at a port. */
        void fail(int clientPort) {
            accepted.stream()
                    .filter(each ->
                            each.remoteAddress() instanceof InetSocketAddress from && from.getPort() == clientPort)
                    .forEach(each -> each.pipeline().addBefore("connection", "failing", new Failing()));
        }

        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            return MqBrokerMain.TYPE.jvm(file, node);
        }

        @Override
        public String kind() {
            return MqBrokerMain.TYPE.kind();
        }

        @Override
        public Class<? extends Record> config() {
            return MqBrokerMain.TYPE.config();
        }

        @Override
        public int standardPort() {
            return MqBrokerMain.TYPE.standardPort();
        }
    }

    /** What fails at the next frame. */
    private static final class Failing extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.pipeline().remove(this);
            throw new IllegalStateException("meant to fail");
        }
    }

    private record WatchedListeners(Listeners real, Queue<Channel> accepted) implements Listeners {
        @Override
        public Bound tcp(String name, HostPort address, ChannelHandler child) throws ListenException {
            return real.tcp(name, address, new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(child);
                    accepted.add(channel);
                }
            });
        }

        @Override
        public Bound udp(String name, HostPort address, ChannelHandler handler) throws ListenException {
            return real.udp(name, address, handler);
        }

        @Override
        public void stopAccepting() {
            real.stopAccepting();
        }

        @Override
        public void close() {
            real.close();
        }
    }

    @Test
    void closesTheConnectionWithInternalError(@TempDir Path folder, LogWatcher.Expected log) throws Exception {
        log.expect("closed for an unexpected error");
        Watched type = new Watched();
        try (TestBroker broker = new TestBroker(type, folder, "{}");
                Connection other = broker.connect()) {
            Connection connection = broker.connect();
            CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
            connection.addShutdownListener(closed::complete);
            com.rabbitmq.client.Channel channel = connection.createChannel();
            type.fail(((AMQConnection) connection).getLocalPort());
            channel.basicPublish("", "nowhere", null, new byte[1]);
            assertThat(closed.get(10, TimeUnit.SECONDS).getReason())
                    .isInstanceOfSatisfying(AMQP.Connection.Close.class, close -> {
                        assertThat(close.getReplyCode()).isEqualTo(541);
                        assertThat(close.getReplyText())
                                .startsWith("INTERNAL_ERROR")
                                .doesNotContain("meant to fail");
                    });
            other.createChannel().queueDeclare("q", false, false, true, null);
        }
    }
}
