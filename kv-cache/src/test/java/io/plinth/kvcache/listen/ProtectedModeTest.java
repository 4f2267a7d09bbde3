package io.plinth.kvcache.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.command.Settings;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProtectedModeTest {
    private final CommandHarness node = new CommandHarness(Topologies.of(2, 0));
    private final Settings settings = node.state.settings();
    private final List<String> reached = new ArrayList<>();

    @Test
    void refusesOtherMachinesWhileNobodyNeedsAPassword() {
        settings.protectedMode(true);
        assertThat(connected("192.0.2.7"))
                .startsWith("-DENIED ")
                .endsWith("\r\n")
                .contains("kv-cache.password");
        assertThat(connected("2001:db8::7")).startsWith("-DENIED ");
        assertThat(reached).isEmpty();
    }

    @Test
    void letsItsOwnMachineAndItsClustersNodesIn() {
        settings.protectedMode(true);
        for (String address : List.of("127.0.0.1", "127.3.4.5", "::1", "10.0.0.1")) {
            assertThat(connected(address)).as(address).isEmpty();
        }
        assertThat(reached).containsExactly("active", "read", "active", "read", "active", "read", "active", "read");
    }

    @Test
    void letsEverybodyInOnceThereIsAPasswordOrTheModeIsOff() {
        settings.protectedMode(true);
        assertThat(node.connect().run("CONFIG SET requirepass secret")).isEqualTo("+OK|");
        assertThat(connected("192.0.2.7")).isEmpty();
        settings.password(null);
        assertThat(connected("192.0.2.7")).startsWith("-DENIED ");
        assertThat(node.connect().run("CONFIG SET protected-mode no")).isEqualTo("+OK|");
        assertThat(connected("192.0.2.7")).isEmpty();
    }

    @Test
    void speaksToMemcachedsClientsInTheirWords() {
        settings.protectedMode(true);
        ProtectedMode guard = ProtectedMode.memcached(settings, () -> Topologies.alone());
        assertThat(connected("192.0.2.7", guard)).startsWith("SERVER_ERROR ");
    }

    private String connected(String address) {
        return connected(address, ProtectedMode.redis(settings, () -> Topologies.of(2, 0)));
    }

    /** What a client of this address is answered before it is disconnected; empty where it is let in. */
    private String connected(String address, ProtectedMode guard) {
        ChannelInboundHandlerAdapter behind = new ChannelInboundHandlerAdapter() {
            @Override
            public void channelActive(ChannelHandlerContext ctx) {
                reached.add("active");
            }

            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                reached.add("read");
                ReferenceCountUtil.release(message);
            }
        };
        EmbeddedChannel from = new EmbeddedChannel(guard, behind) {
            @Override
            protected SocketAddress remoteAddress0() {
                return new InetSocketAddress(address, 5000);
            }
        };
        if (from.isOpen()) {
            from.writeInbound(Unpooled.copiedBuffer("PING\r\n", StandardCharsets.US_ASCII));
        }
        ByteBuf said = from.readOutbound();
        boolean open = from.isOpen();
        from.close();
        assertThat(open).isEqualTo(said == null);
        if (said == null) {
            return "";
        }
        try {
            return said.toString(StandardCharsets.US_ASCII);
        } finally {
            said.release();
        }
    }
}
