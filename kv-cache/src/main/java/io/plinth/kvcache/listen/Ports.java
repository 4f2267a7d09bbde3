package io.plinth.kvcache.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.net.Listeners;
import io.plinth.kit.net.ServerTls;
import io.plinth.kit.net.TlsException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Called by the node's runner thread: the ports that clients come in at, with TLS and without. */
public final class Ports implements AutoCloseable {
    private final Listeners listeners;
    private final String host;
    private final @Nullable TlsConfig config;
    private final @Nullable ServerTls tls;
    private final Map<String, InetSocketAddress> bound = new LinkedHashMap<>();

    /** Reads the files of TLS, which are named relative to this one. */
    public Ports(Listeners listeners, String host, @Nullable TlsConfig tls, Path file) throws TlsException {
        this.listeners = listeners;
        this.host = host;
        this.config = tls;
        this.tls = tls == null ? null : tls.open(file);
    }

    /** Opens a port; answers its number. */
    public int open(String name, int port, ChannelInitializer<Channel> clients) throws Exception {
        Listeners.Bound opened = listeners.tcp(name, new HostPort(host, port), clients);
        bound.put(name, opened.address());
        return opened.address().getPort();
    }

    /** Whether memcached's protocols are served, with TLS or without. */
    public static boolean speakMemcached(@Nullable Integer plain, @Nullable TlsConfig tls) {
        return plain != null || (tls != null && tls.memcachedPort() != null);
    }

    /** What is wrong with the ports of one node of several; null for nothing. */
    public static @Nullable String problem(
            @Nullable Integer memcachedPort, @Nullable TlsConfig tls, boolean clustered) {
        Integer secure = tls == null ? null : tls.port();
        if (clustered && speakMemcached(memcachedPort, tls)) {
            // Its clients choose nodes by a hash of their own.
            return "memcached-port: given (expected: none where the region has several kv-cache nodes)";
        }
        return clustered && secure != null && secure == 0
                ? "tls.port: 0 (expected: a number, which the region's other nodes have, too)"
                : null;
    }

    /** Opens memcached's, as far as they are wanted. */
    public void memcached(@Nullable Integer plain, ChannelInitializer<Channel> clients) throws Exception {
        if (plain != null) {
            open("memcached", plain, clients);
        }
        secure("memcached-tls", TlsConfig::memcachedPort, clients);
    }

    /** Opens one with TLS, where one is wanted; answers its number, or 0. {@code clients}: as for plain connections, may be shared. */
    public int secure(String name, Function<TlsConfig, @Nullable Integer> wanted, ChannelInitializer<Channel> clients)
            throws Exception {
        TlsConfig given = config;
        ServerTls certificates = tls;
        Integer port = given == null ? null : wanted.apply(given);
        if (port == null || given == null || certificates == null) {
            return 0;
        }
        return open(
                name, port, new SecurePipeline(certificates, given.handshake().toMillis(), clients));
    }

    /** Those that are open, by name. */
    public Map<String, InetSocketAddress> bound() {
        return Map.copyOf(bound);
    }

    /** Reads the files of TLS again, for connections from now on; answers why they cannot be used, then those of before stay. */
    public @Nullable String reload() {
        try {
            if (tls != null) {
                tls.reload();
            }
            return null;
        } catch (TlsException e) {
            return e.getMessage();
        }
    }

    @Override
    public void close() {
        if (tls != null) {
            tls.close();
        }
    }
}
