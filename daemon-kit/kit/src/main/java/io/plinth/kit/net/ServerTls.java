package io.plinth.kit.net;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.2 and 1.3 for a listener, from a PEM certificate chain and key. The context is immutable and swapped whole on
 * reload; connections made before keep the old one until they end. Any thread.
 */
public final class ServerTls implements AutoCloseable {
    private final Path certificate;
    private final Path key;
    private final List<String> protocols;
    private final @Nullable Path clients;
    private volatile SslContext current;

    /**
     * Reads both files.
     *
     * @param protocols offered by ALPN, the best first ({@code h2}, {@code http/1.1}); empty for none
     */
    public ServerTls(Path certificate, Path key, List<String> protocols) throws TlsException {
        this(certificate, key, protocols, null);
    }

    /**
     * As above, and clients may show a certificate.
     *
     * @param clients the PEM certificates one of which signed theirs; null to ask for none
     */
    public ServerTls(Path certificate, Path key, List<String> protocols, @Nullable Path clients) throws TlsException {
        this.certificate = certificate;
        this.key = key;
        this.protocols = List.copyOf(protocols);
        this.clients = clients;
        this.current = read();
    }

    /** A handler for one accepted connection. */
    public SslHandler handler(ByteBufAllocator allocator) {
        while (true) {
            SslContext context = current;
            try {
                ReferenceCountUtil.retain(context);
            } catch (IllegalReferenceCountException swapped) {
                continue;
            }
            try {
                return context.newHandler(allocator);
            } finally {
                ReferenceCountUtil.release(context);
            }
        }
    }

    /** Reads both files again; where they cannot be used, throws and keeps the old ones. */
    public synchronized void reload() throws TlsException {
        SslContext next = read();
        SslContext old = current;
        current = next;
        ReferenceCountUtil.release(old);
    }

    private SslContext read() throws TlsException {
        try (InputStream chain = open(certificate, "a PEM certificate chain");
                InputStream secret = open(key, "a PEM private key")) {
            SslContextBuilder builder = SslContextBuilder.forServer(chain, secret)
                    .sslProvider(provider())
                    .protocols("TLSv1.3", "TLSv1.2")
                    .applicationProtocolConfig(alpn(protocols));
            return clients == null ? builder.build() : asking(builder, clients);
        } catch (IOException | IllegalArgumentException e) {
            throw new TlsException(
                    "tls: " + certificate + " and " + key + ": " + reason(e)
                            + " (expected: a PEM certificate chain and its unencrypted private key)",
                    e);
        }
    }

    private static SslContext asking(SslContextBuilder builder, Path authorities) throws TlsException, IOException {
        try (InputStream trusted = open(authorities, "PEM certificates of those who sign clients'")) {
            return builder.trustManager(trusted).clientAuth(ClientAuth.OPTIONAL).build();
        }
    }

    private static InputStream open(Path file, String expected) throws TlsException {
        try {
            return Files.newInputStream(file);
        } catch (IOException e) {
            throw new TlsException("tls: " + file + " cannot be read (expected: " + expected + ")", e);
        }
    }

    private static String reason(Exception e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    static SslProvider provider() {
        return OpenSsl.isAvailable() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK;
    }

    static ApplicationProtocolConfig alpn(List<String> protocols) {
        return protocols.isEmpty()
                ? ApplicationProtocolConfig.DISABLED
                : new ApplicationProtocolConfig(
                        Protocol.ALPN,
                        SelectorFailureBehavior.NO_ADVERTISE,
                        SelectedListenerFailureBehavior.ACCEPT,
                        protocols);
    }

    /** Frees the context once the last connection on it has ended. Idempotent in effect: call it once. */
    @Override
    public synchronized void close() {
        ReferenceCountUtil.release(current);
    }
}
