package io.plinth.kit.net;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** TLS to a server, with its name in SNI. Immutable; any thread. */
public final class ClientTls implements AutoCloseable {
    private final SslContext context;

    private ClientTls(SslContextBuilder builder, List<String> protocols) throws TlsException {
        try {
            this.context = builder.sslProvider(ServerTls.provider())
                    .protocols("TLSv1.3", "TLSv1.2")
                    .applicationProtocolConfig(ServerTls.alpn(protocols))
                    .build();
        } catch (SSLException e) {
            throw new TlsException("tls: no client context: " + e.getMessage(), e);
        }
    }

    /** Verifies chain and name against the JDK's authorities. */
    public static ClientTls verifying(List<String> protocols) throws TlsException {
        return new ClientTls(SslContextBuilder.forClient(), protocols);
    }

    /** Verifies chain and name against the authorities of a PEM file. */
    public static ClientTls verifying(Path authorities, List<String> protocols) throws TlsException {
        try {
            return new ClientTls(SslContextBuilder.forClient().trustManager(authorities.toFile()), protocols);
        } catch (IllegalArgumentException e) {
            throw new TlsException("tls: " + authorities + " cannot be used (expected: PEM certificates)", e);
        }
    }

    /**
     * For one kind of server.
     *
     * @param authorities PEM; null for the JDK's
     * @param verify whether the server's certificate and name are
     * @param identity what is shown to servers that ask; null for nothing
     */
    public static ClientTls of(
            @Nullable Path authorities, boolean verify, ServerTls.@Nullable Identity identity, List<String> protocols)
            throws TlsException {
        SslContextBuilder builder = SslContextBuilder.forClient();
        try {
            if (!verify) {
                builder.trustManager(InsecureTrustManagerFactory.INSTANCE).endpointIdentificationAlgorithm("");
            } else if (authorities != null) {
                builder.trustManager(authorities.toFile());
            }
            if (identity != null) {
                builder.keyManager(
                        identity.certificate().toFile(), identity.key().toFile());
            }
        } catch (IllegalArgumentException e) {
            throw new TlsException(
                    "tls: " + authorities + ", " + identity + " cannot be used (expected: PEM files)", e);
        }
        return new ClientTls(builder, protocols);
    }

    /** Encrypts and verifies nothing: for probes, and servers whose certificate is their own. */
    public static ClientTls unverified(List<String> protocols) throws TlsException {
        return new ClientTls(
                SslContextBuilder.forClient()
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .endpointIdentificationAlgorithm(""),
                protocols);
    }

    /** A handler for one connection; {@code serverName} goes into SNI unless it is an address. */
    public SslHandler handler(ByteBufAllocator allocator, String serverName, int port) {
        return context.newHandler(allocator, serverName, port);
    }

    @Override
    public void close() {
        ReferenceCountUtil.release(context);
    }
}
