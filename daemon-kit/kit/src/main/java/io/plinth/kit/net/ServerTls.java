package io.plinth.kit.net;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.IllegalReferenceCountException;
import io.netty.util.Mapping;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.2 and 1.3 for a listener, from PEM certificate chains and keys, chosen by the name the client asks for (SNI). The
 * contexts are immutable and swapped whole on reload; connections made before keep theirs until they end. Sessions are
 * resumed by tickets, over a reload too. Any thread.
 */
public final class ServerTls implements AutoCloseable {
    private static final int HELLO_MAX = 16 << 10;

    /** A certificate chain and its key, both PEM. */
    public record Identity(Path certificate, Path key) {}

    /**
     * Whose certificates clients must show.
     *
     * @param authorities PEM
     * @param required whether a client without one is turned away
     */
    public record Clients(Path authorities, boolean required) {}

    /** Contexts of one reading: what a client gets that names no known host, and the others by host. */
    private record Contexts(SslContext otherwise, Map<String, SslContext> byName) {
        SslContext of(@Nullable String name) {
            if (name == null || byName.isEmpty()) {
                return otherwise;
            }
            String host = name.toLowerCase(Locale.ROOT);
            SslContext exact = byName.get(host);
            int dot = host.indexOf('.');
            SslContext wildcard = exact != null || dot < 0 ? exact : byName.get("*" + host.substring(dot));
            return wildcard == null ? otherwise : wildcard;
        }

        void release() {
            ReferenceCountUtil.release(otherwise);
            byName.values().forEach(ReferenceCountUtil::release);
        }
    }

    private final Identity otherwise;
    private final Map<String, Identity> byName;
    private final @Nullable Clients clients;
    private final List<String> protocols;
    /** By name, since a session of one name is not resumed under another (RFC 6066 3). */
    private Map<String, OpenSslSessionTicketKey[]> tickets = Map.of();

    private volatile Contexts current;

    /**
     * Reads both files.
     *
     * @param protocols offered by ALPN, the best first ({@code h2}, {@code http/1.1}); empty for none
     */
    public ServerTls(Path certificate, Path key, List<String> protocols) throws TlsException {
        this(new Identity(certificate, key), Map.of(), null, protocols);
    }

    /**
     * As above, and clients may show a certificate.
     *
     * @param clients the PEM certificates one of which signed theirs; null to ask for none
     */
    public ServerTls(Path certificate, Path key, List<String> protocols, @Nullable Path clients) throws TlsException {
        this(new Identity(certificate, key), Map.of(), clients == null ? null : new Clients(clients, false), protocols);
    }

    /**
     * Reads all files.
     *
     * @param otherwise for clients that name no host, or none of {@code byName}
     * @param byName by host name, or {@code *.name} for those one label below
     * @param clients whose certificates are asked for; null for nobody's
     */
    public ServerTls(
            Identity otherwise, Map<String, Identity> byName, @Nullable Clients clients, List<String> protocols)
            throws TlsException {
        this.otherwise = otherwise;
        this.byName = Map.copyOf(byName);
        this.clients = clients;
        this.protocols = List.copyOf(protocols);
        this.tickets = tickets();
        this.current = read();
    }

    /** A new key for each name, which makes tickets, and the last one, whose tickets it still opens. */
    private Map<String, OpenSslSessionTicketKey[]> tickets() {
        SecureRandom random = new SecureRandom();
        Map<String, OpenSslSessionTicketKey[]> next = new HashMap<>();
        Set<String> names = new HashSet<>(byName.keySet());
        names.add("");
        for (String name : names) {
            OpenSslSessionTicketKey[] before = tickets.get(name);
            OpenSslSessionTicketKey fresh = ticketKey(random);
            next.put(
                    name,
                    before == null
                            ? new OpenSslSessionTicketKey[] {fresh}
                            : new OpenSslSessionTicketKey[] {fresh, before[0]});
        }
        return next;
    }

    private static OpenSslSessionTicketKey ticketKey(SecureRandom random) {
        byte[][] parts = new byte[3][16];
        for (byte[] part : parts) {
            random.nextBytes(part);
        }
        return new OpenSslSessionTicketKey(parts[0], parts[1], parts[2]);
    }

    /** A handler for one accepted connection, with the certificate for clients that name no host. */
    public SslHandler handler(ByteBufAllocator allocator) {
        SslContext context = take(null);
        try {
            return context.newHandler(allocator);
        } finally {
            ReferenceCountUtil.release(context);
        }
    }

    /** A handler for one accepted connection, which picks the certificate where there are several. */
    public ChannelHandler handler(ByteBufAllocator allocator, long handshakeMillis) {
        if (!byName.isEmpty()) {
            return new ByName(this::take, handshakeMillis);
        }
        SslHandler handler = handler(allocator);
        handler.setHandshakeTimeoutMillis(handshakeMillis);
        return handler;
    }

    /** The context for a name, retained. */
    private SslContext take(@Nullable String name) {
        while (true) {
            SslContext context = current.of(name);
            try {
                ReferenceCountUtil.retain(context);
                return context;
            } catch (IllegalReferenceCountException swapped) {
                Thread.onSpinWait();
            }
        }
    }

    /** Gives the context back once its handler has it. */
    private static final class ByName extends SniHandler {
        private final long handshakeMillis;

        ByName(Mapping<String, SslContext> contexts, long handshakeMillis) {
            super(contexts, HELLO_MAX, handshakeMillis);
            this.handshakeMillis = handshakeMillis;
        }

        @Override
        protected SslHandler newSslHandler(SslContext context, ByteBufAllocator allocator) {
            SslHandler handler = super.newSslHandler(context, allocator);
            handler.setHandshakeTimeoutMillis(handshakeMillis);
            return handler;
        }

        @Override
        protected void replaceHandler(ChannelHandlerContext ctx, String hostname, SslContext context) throws Exception {
            try {
                super.replaceHandler(ctx, hostname, context);
            } finally {
                ReferenceCountUtil.release(context);
            }
        }
    }

    /** Reads all files again; where they cannot be used, throws and keeps the old ones. */
    public void reload() throws TlsException {
        prepare().commit();
    }

    /** Reads all files again, to be used once {@link Prepared#commit} is called; throws where they cannot be used. */
    public synchronized Prepared prepare() throws TlsException {
        Map<String, OpenSslSessionTicketKey[]> before = tickets;
        tickets = tickets();
        try {
            return new Prepared(tickets, read());
        } finally {
            tickets = before;
        }
    }

    /** Files that were read and are not used yet. Commit or close it, once. */
    public final class Prepared implements AutoCloseable {
        private final Map<String, OpenSslSessionTicketKey[]> keys;
        private final Contexts next;

        private Prepared(Map<String, OpenSslSessionTicketKey[]> keys, Contexts next) {
            this.keys = keys;
            this.next = next;
        }

        /** Has connections use them from now on. */
        public void commit() {
            synchronized (ServerTls.this) {
                Contexts old = current;
                tickets = keys;
                current = next;
                old.release();
            }
        }

        /** Throws them away. */
        @Override
        public void close() {
            next.release();
        }
    }

    private Contexts read() throws TlsException {
        Map<String, SslContext> contexts = new HashMap<>();
        try {
            for (Map.Entry<String, Identity> entry : byName.entrySet()) {
                contexts.put(entry.getKey().toLowerCase(Locale.ROOT), read(entry.getKey(), entry.getValue()));
            }
            return new Contexts(read("", otherwise), contexts);
        } catch (TlsException e) {
            contexts.values().forEach(ReferenceCountUtil::release);
            throw e;
        }
    }

    private SslContext read(String name, Identity identity) throws TlsException {
        Path certificate = identity.certificate();
        try (InputStream chain = open(certificate, "a PEM certificate chain");
                InputStream secret = open(identity.key(), "a PEM private key")) {
            SslContextBuilder builder = SslContextBuilder.forServer(chain, secret)
                    .sslProvider(provider())
                    .protocols("TLSv1.3", "TLSv1.2")
                    .applicationProtocolConfig(alpn(protocols));
            Clients asked = clients;
            if (asked != null) {
                try (InputStream authorities = open(asked.authorities(), "PEM certificates")) {
                    builder.trustManager(authorities)
                            .clientAuth(asked.required() ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
                }
            }
            SslContext context = builder.build();
            if (context.sessionContext() instanceof OpenSslServerSessionContext sessions) {
                sessions.setSessionIdContext(sessionContext(name));
                OpenSslSessionTicketKey[] keys = tickets.get(name);
                if (keys != null) {
                    sessions.setTicketKeys(keys);
                }
            }
            return context;
        } catch (IOException | IllegalArgumentException e) {
            throw new TlsException(
                    "tls: " + certificate + " and " + identity.key() + ": " + reason(e)
                            + " (expected: a PEM certificate chain and its unencrypted private key)",
                    e);
        }
    }

    private static byte[] sessionContext(String name) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
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

    /** Frees the contexts once the last connection on them has ended. Idempotent in effect: call it once. */
    @Override
    public synchronized void close() {
        current.release();
    }
}
