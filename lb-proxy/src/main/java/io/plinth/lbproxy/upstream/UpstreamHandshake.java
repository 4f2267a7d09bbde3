package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.plinth.kit.net.ClientTls;
import io.plinth.kit.net.ServerTls;
import io.plinth.kit.net.TlsException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What goes before the first request on a connection to a server: a PROXY header, a TLS handshake. Immutable. */
final class UpstreamHandshake implements AutoCloseable {
    private static final byte[] SIGNATURE = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
    private static final int V2_PROXY = 0x21;
    private static final int TCP4 = 0x11;
    private static final int TCP6 = 0x21;

    private final PoolSettings settings;
    private final @Nullable ClientTls tls;

    UpstreamHandshake(PoolSettings settings) throws TlsException {
        this.settings = settings;
        PoolSettings.Tls from = settings.tls();
        if (from == null) {
            tls = null;
            return;
        }
        Path certificate = from.certificate();
        Path key = from.key();
        ServerTls.Identity identity =
                certificate == null || key == null ? null : new ServerTls.Identity(certificate, key);
        tls = ClientTls.of(from.authorities(), from.verify(), identity, offered(settings));
    }

    private static List<String> offered(PoolSettings settings) {
        if (settings.http2() == null) {
            return List.of(ApplicationProtocolNames.HTTP_1_1);
        }
        return settings.negotiated()
                ? List.of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1)
                : List.of(ApplicationProtocolNames.HTTP_2);
    }

    /** Whether a server speaks HTTP/2, its handshake being over; null for none. */
    boolean speaksHttp2(@Nullable SslHandler handshaken) {
        return settings.http2() != null
                && (handshaken == null || ApplicationProtocolNames.HTTP_2.equals(handshaken.applicationProtocol()));
    }

    /** Whether a connection is made for one client alone. */
    boolean perClient() {
        return settings.proxyHeader() != PoolSettings.ProxyHeader.OFF;
    }

    /** A handler for a connection to a server; null for none. */
    @Nullable
    SslHandler tls(Channel channel, Server server) {
        ClientTls with = tls;
        PoolSettings.Tls from = settings.tls();
        if (with == null || from == null) {
            return null;
        }
        String name = from.name() == null ? server.address().getHostString() : from.name();
        SslHandler handler =
                with.handler(channel.alloc(), name, server.address().getPort());
        handler.setHandshakeTimeoutMillis(settings.connectTimeout().toMillis());
        return handler;
    }

    /** The header that begins a connection for a client; null for none. */
    @Nullable
    ByteBuf header(Pick pick) {
        return switch (settings.proxyHeader()) {
            case OFF -> null;
            case V1 -> Unpooled.wrappedBuffer(v1(pick).getBytes(StandardCharsets.US_ASCII));
            case V2 -> v2(pick);
        };
    }

    private static String v1(Pick pick) {
        InetSocketAddress from = pick.client();
        InetSocketAddress to = pick.local();
        if (from == null
                || to == null
                || from.getAddress() == null
                || to.getAddress() == null
                || length(from) != length(to)) {
            return "PROXY UNKNOWN\r\n";
        }
        return "PROXY " + (length(from) == 4 ? "TCP4 " : "TCP6 ")
                + from.getAddress().getHostAddress() + " " + to.getAddress().getHostAddress() + " " + from.getPort()
                + " " + to.getPort() + "\r\n";
    }

    private static int length(InetSocketAddress address) {
        return address.getAddress().getAddress().length;
    }

    private static ByteBuf v2(Pick pick) {
        InetSocketAddress from = pick.client();
        InetSocketAddress to = pick.local();
        ByteBuf out = Unpooled.buffer(64).writeBytes(SIGNATURE);
        if (from == null
                || to == null
                || from.getAddress() == null
                || to.getAddress() == null
                || length(from) != length(to)) {
            return out.writeByte(0x20).writeByte(0).writeShort(0);
        }
        out.writeByte(V2_PROXY).writeByte(length(from) == 4 ? TCP4 : TCP6).writeShort(length(from) * 2 + 4);
        out.writeBytes(from.getAddress().getAddress())
                .writeBytes(to.getAddress().getAddress());
        return out.writeShort(from.getPort()).writeShort(to.getPort());
    }

    @Override
    public void close() {
        if (tls != null) {
            tls.close();
        }
    }
}
