package io.plinth.kvcache.listen;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.net.ServerTls;
import io.plinth.kit.net.TlsException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** TLS towards clients. */
@Doc("Where clients come in over TLS; the files are read again on reload, other changes count with the next start.")
public record TlsConfig(
        @Doc("Port of Redis's protocol over TLS; none where left out.") @Nullable @Range(min = "0", max = "65535")
        Integer port,

        @Doc("Port of memcached's protocols over TLS; none where left out.") @Nullable @Range(min = "0", max = "65535")
        Integer memcachedPort,

        @Doc("PEM file of the certificate and its chain; relative to this file.")
        Path cert,

        @Doc("PEM file of the private key (PKCS#8); relative to this file.")
        Path key,

        @Doc("PEM file of who signs clients' certificates; relative to this file.") @Nullable
        Path clientCa,

        @Doc("Whether clients must show a certificate that `client-ca` signed (`yes`), may (`optional`), or are not"
                + " asked (`no`); Redis's `tls-auth-clients`. `yes` where left out and there is a `client-ca`.")
        @Nullable
        AuthClients authClients,

        @Doc("How long a client may take to begin.") @Default("10s") @Range(min = "100ms")
        Duration handshake)
        implements Checked {

    /** Whether clients show certificates. */
    public enum AuthClients {
        YES,
        NO,
        OPTIONAL
    }

    @Override
    public void check(Check check) {
        if (clientCa == null && asks() != AuthClients.NO) {
            check.problem(
                    "auth-clients",
                    "auth-clients: " + word() + " (expected: `client-ca`, which says whose certificates are good)");
        }
    }

    private AuthClients asks() {
        AuthClients given = authClients;
        return given != null ? given : clientCa == null ? AuthClients.NO : AuthClients.YES;
    }

    private String word() {
        return asks().name().toLowerCase(Locale.ROOT);
    }

    /**
     * What CONFIG shows of it, and lets nobody change; without TLS its names are those of other things that are not there.
     * {@code replication}: whether a Redis that is followed is reached over TLS.
     */
    public static Map<String, String> shown(@Nullable TlsConfig tls, boolean replication) {
        String link = replication ? "yes" : "no";
        if (tls == null) {
            return Map.of("tls-replication", link);
        }
        Integer port = tls.port;
        String shownPort = port == null ? "0" : Integer.toString(port);
        return Map.of("tls-port", shownPort, "tls-auth-clients", tls.word(), "tls-replication", link);
    }

    /** Reads the files, which are named relative to this one. */
    ServerTls open(Path file) throws TlsException {
        Path absolute = file.toAbsolutePath();
        Path authorities = clientCa;
        return new ServerTls(
                new ServerTls.Identity(absolute.resolveSibling(cert), absolute.resolveSibling(key)),
                Map.of(),
                authorities == null || asks() == AuthClients.NO
                        ? null
                        : new ServerTls.Clients(absolute.resolveSibling(authorities), asks() == AuthClients.YES),
                List.of());
    }
}
