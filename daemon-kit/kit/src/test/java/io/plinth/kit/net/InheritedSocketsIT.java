package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Socket;
import io.plinth.kit.config.HostPort;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class InheritedSocketsIT {
    private static final long PID = 4711;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;

    private final NettyEventLoops loops = NettyEventLoops.open("lb-1", 2, "epoll");

    @BeforeEach
    void nativeLibrary() {
        Epoll.ensureAvailability();
    }

    @AfterEach
    void close() {
        loops.close();
    }

    /** A socket as systemd passes it: listening, and blocking. */
    private static Socket listening() throws Throwable {
        Socket socket = Socket.newSocketStream();
        socket.bind(new InetSocketAddress("127.0.0.1", 0));
        socket.listen(64);
        block(socket.intValue());
        return socket;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle fcntl() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find("fcntl").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));
    }

    private static void block(int descriptor) throws Throwable {
        assertThat((int) fcntl().invokeExact(descriptor, F_SETFL, 0)).isZero();
    }

    private static boolean blocks(int descriptor) throws Throwable {
        return ((int) fcntl().invokeExact(descriptor, F_GETFL, 0) & O_NONBLOCK) == 0;
    }

    @Test
    void aBlockingSocketIsMadeNonBlockingAsAnotherProcessMayWinAConnectionFromALoop() throws Throwable {
        Socket socket = listening();
        assertThat(blocks(socket.intValue())).isTrue();

        try (InheritedSockets inherited = inherit(socket, "public")) {
            assertThat(inherited.isEmpty()).isFalse();
            assertThat(blocks(socket.intValue())).isFalse();
        }
    }

    private static InheritedSockets inherit(Socket socket, String names) throws ListenException {
        return InheritedSockets.fromEnvironment(
                Map.of("LISTEN_FDS", "1", "LISTEN_PID", Long.toString(PID), "LISTEN_FDNAMES", names),
                PID,
                socket.intValue());
    }

    private BoundListeners listeners(InheritedSockets inherited) {
        return new BoundListeners("lb-1", name -> "lb-proxy.listeners." + name + ".bind", loops, inherited);
    }

    @Test
    void servesOnAnInheritedSocketFoundByName() throws Throwable {
        Socket socket = listening();
        InheritedSockets inherited = inherit(socket, "public");
        try (BoundListeners listeners = listeners(inherited)) {
            Listeners.Bound bound =
                    listeners.tcp("public", new HostPort("127.0.0.1", 0), new BoundListenersIT.WhereAmI());

            assertThat(bound.address()).isEqualTo(socket.localAddress());
            assertThat(inherited.isEmpty()).isTrue();
            Set<String> loopsSeen = new HashSet<>();
            for (int i = 0; i < 8; i++) {
                loopsSeen.add(BoundListenersIT.ask(bound.address()).split(" ", 2)[0]);
            }
            assertThat(loopsSeen).containsExactlyInAnyOrder("lb-1-loop-0", "lb-1-loop-1");
        }
    }

    @Test
    void findsAnUnnamedSocketByItsAddress() throws Throwable {
        Socket socket = listening();
        InheritedSockets inherited = inherit(socket, "shop.socket");
        HostPort same = new HostPort("127.0.0.1", socket.localAddress().getPort());
        try (BoundListeners listeners = listeners(inherited)) {
            Listeners.Bound bound = listeners.tcp("public", same, new BoundListenersIT.WhereAmI());

            assertThat(BoundListenersIT.ask(bound.address())).startsWith("lb-1-loop-");
        }
    }

    @Test
    void closesWhatNoListenerTakes() throws Throwable {
        Socket socket = listening();
        InetSocketAddress address = socket.localAddress();
        InheritedSockets inherited = inherit(socket, "other");

        inherited.close();

        assertThatThrownBy(() -> BoundListenersIT.ask(address)).isInstanceOf(java.net.ConnectException.class);
    }

    @Test
    void ignoresSocketsMeantForAnotherProcess() throws Exception {
        Map<String, String> others = Map.of("LISTEN_FDS", "1", "LISTEN_PID", "1");

        assertThat(InheritedSockets.fromEnvironment(others, PID, 3).isEmpty()).isTrue();
    }

    @Test
    void namesADescriptorThatIsNotThere() {
        Map<String, String> env = Map.of("LISTEN_FDS", "1", "LISTEN_PID", Long.toString(PID));

        assertThatThrownBy(() -> InheritedSockets.fromEnvironment(env, PID, 999_999))
                .isInstanceOf(ListenException.class)
                .hasMessageContaining("inherited descriptor 999999");
    }

    @Test
    void refusesACountThatIsNone() {
        Map<String, String> env = Map.of("LISTEN_FDS", "many", "LISTEN_PID", Long.toString(PID));

        assertThatThrownBy(() -> InheritedSockets.fromEnvironment(env, PID, 3))
                .hasMessage("LISTEN_FDS: many (expected: 0 to 4096)");
    }
}
