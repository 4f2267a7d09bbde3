package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.plinth.kit.config.HostPort;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class BoundListenersIT {
    private static final HostPort ANY = new HostPort("127.0.0.1", 0);

    private NettyEventLoops loops = NettyEventLoops.open("lb-1", 2, "epoll");
    private BoundListeners listeners = listeners();

    private BoundListeners listeners() {
        return new BoundListeners("lb-1", name -> "listeners." + name + ".bind", loops, InheritedSockets.none());
    }

    private void use(String transport) {
        loops.close();
        loops = NettyEventLoops.open("lb-1", 2, transport);
        listeners = listeners();
    }

    @AfterEach
    void close() {
        listeners.close();
        loops.close();
    }

    @ParameterizedTest
    @CsvSource({"epoll, 2", "io_uring, 2", "nio, 1"})
    void opensOneSocketPerLoopWhereTheTransportSharesPorts(String transport, int sockets) throws Exception {
        use(transport);
        int expected = loops.transport().equals("nio") ? 1 : sockets;

        Listeners.Bound bound = listeners.tcp("public", ANY, new WhereAmI());

        assertThat(bound.channels()).hasSize(expected);
        assertThat(bound.address().getPort()).isPositive();
        assertThat(bound.channels())
                .extracting(channel -> channel.localAddress())
                .containsOnly(bound.address());
        assertThat(bound.channels())
                .extracting(channel -> channel.eventLoop())
                .doesNotHaveDuplicates()
                .isSubsetOf(loops.all());
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring", "nio"})
    void servesOnEveryLoopAndKeepsAnAcceptedConnectionOnItsLoop(String transport) throws Exception {
        use(transport);
        Listeners.Bound bound = listeners.tcp("public", ANY, new WhereAmI());

        Set<String> seen = ConcurrentHashMap.newKeySet();
        for (int i = 0; i < 64; i++) {
            seen.add(ask(bound.address()));
        }

        assertThat(seen).containsExactlyInAnyOrder("lb-1-loop-0 same", "lb-1-loop-1 same");
    }

    @Test
    void refusesAPortThatAnotherNodeOfTheSameUserSharesByReusePort() throws Exception {
        Listeners.Bound bound = listeners.tcp("public", ANY, new WhereAmI());
        HostPort same = new HostPort("127.0.0.1", bound.address().getPort());
        try (BoundListeners other = listeners()) {
            assertThatThrownBy(() -> other.tcp("public", same, new WhereAmI()))
                    .isInstanceOf(ListenException.class)
                    .hasMessage("lb-1: public: %s is in use; stop what listens there or change listeners.public.bind"
                            .formatted(same));
        }
    }

    @Test
    void refusesAUdpPortInUse() throws Exception {
        try (DatagramSocket taken = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            HostPort same = new HostPort("127.0.0.1", taken.getLocalPort());
            assertThatThrownBy(() -> listeners.udp("dns", same, new Echo()))
                    .isInstanceOf(ListenException.class)
                    .hasMessageContaining("dns: " + same + " is in use;");
        }
    }

    @Test
    void namesAnAddressThatIsNotOfThisMachine() {
        assertThatThrownBy(() -> listeners.tcp("public", new HostPort("192.0.2.1", 9), new WhereAmI()))
                .hasMessage("lb-1: public: 192.0.2.1:9 is not an address of this machine;"
                        + " change listeners.public.bind");
    }

    @Test
    void bindsAPortAgainRightAfterClosing() throws Exception {
        Listeners.Bound bound = listeners.tcp("public", ANY, new WhereAmI());
        ask(bound.address());
        listeners.close();

        Listeners.Bound again = listeners.tcp(
                "public", new HostPort("127.0.0.1", bound.address().getPort()), new WhereAmI());

        assertThat(ask(again.address())).startsWith("lb-1-loop-");
    }

    @Test
    void stopAcceptingKeepsAcceptedConnections() throws Exception {
        Listeners.Bound bound = listeners.tcp("public", ANY, new EchoStream());
        try (Socket accepted =
                new Socket(bound.address().getAddress(), bound.address().getPort())) {
            roundTrip(accepted);
            listeners.stopAccepting();

            roundTrip(accepted);
            assertThatThrownBy(() -> new Socket(
                            bound.address().getAddress(), bound.address().getPort()))
                    .isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoll", "io_uring", "nio"})
    void servesUdp(String transport) throws Exception {
        use(transport);
        Listeners.Bound bound = listeners.udp("dns", ANY, new Echo());

        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(20_000);
            byte[] question = "who".getBytes(StandardCharsets.US_ASCII);
            socket.send(new java.net.DatagramPacket(question, question.length, bound.address()));
            java.net.DatagramPacket answer = new java.net.DatagramPacket(new byte[16], 16);
            socket.receive(answer);
            assertThat(answer.getLength()).isEqualTo(question.length);
        }
    }

    @Test
    void aFailedListenerLeavesNothingOpen() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HostPort same = new HostPort("127.0.0.1", taken.getLocalPort());
            assertThatThrownBy(() -> listeners.tcp("public", same, new WhereAmI()))
                    .isInstanceOf(ListenException.class);
        }
        assertThat(listeners.offered()).isEmpty();
    }

    private static void roundTrip(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write('x');
        assertThat(socket.getInputStream().read()).isEqualTo('x');
    }

    static String ask(InetSocketAddress address) throws IOException {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout(20_000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    /** Tells the client which thread it is on, and whether that is the accepting socket's, and closes. */
    @ChannelHandler.Sharable
    static final class WhereAmI extends ChannelInboundHandlerAdapter {
        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            boolean single = ctx.channel().parent().getClass().getSimpleName().startsWith("Nio");
            boolean same = single
                    || ctx.channel().parent().eventLoop().equals(ctx.channel().eventLoop());
            String text = Thread.currentThread().getName() + (same ? " same" : " moved");
            ctx.writeAndFlush(ByteBufUtil.writeAscii(ctx.alloc(), text))
                    .addListener(io.netty.channel.ChannelFutureListener.CLOSE);
        }
    }

    @ChannelHandler.Sharable
    static final class EchoStream extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ctx.writeAndFlush(message);
        }
    }

    @ChannelHandler.Sharable
    static final class Echo extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
            ByteBuf copy = packet.content().retain();
            ctx.writeAndFlush(new DatagramPacket(copy, packet.sender()));
        }
    }
}
