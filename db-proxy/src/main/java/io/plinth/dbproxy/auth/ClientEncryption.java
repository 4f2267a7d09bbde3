package io.plinth.dbproxy.auth;

import com.ongres.scram.common.util.TlsServerEndpoint;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Objects;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** TLS towards clients, with certificates of theirs where an authority for them is named. Immutable; any thread. */
public final class ClientEncryption {
    public static final String PROTOCOL = "postgresql";

    private final SslContext context;
    private final byte[] endPoint;
    private final boolean required;

    /** Reads the PEM files; throws IllegalArgumentException with one line that names them. */
    public ClientEncryption(Path certificate, Path key, @Nullable Path clientAuthority, boolean required) {
        this.required = required;
        try (InputStream chain = Files.newInputStream(certificate);
                InputStream secret = Files.newInputStream(key);
                InputStream first = Files.newInputStream(certificate)) {
            SslContextBuilder builder = SslContextBuilder.forServer(chain, secret)
                    .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            PROTOCOL));
            if (clientAuthority != null) {
                builder.trustManager(clientAuthority.toFile()).clientAuth(ClientAuth.OPTIONAL);
            }
            context = builder.build();
            endPoint = TlsServerEndpoint.getChannelBindingData(
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(first));
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "tls: " + certificate + ", " + key + (clientAuthority == null ? "" : ", " + clientAuthority) + ": "
                            + Objects.requireNonNullElse(
                                    e.getMessage(), e.getClass().getSimpleName())
                            + " (expected: PEM certificates and an unencrypted private key)",
                    e);
        }
    }

    /** Whether clients from elsewhere must use it. */
    public boolean required() {
        return required;
    }

    /** What SCRAM-SHA-256-PLUS binds to. */
    public byte[] endPoint() {
        return endPoint.clone();
    }

    public SslHandler handler(ByteBufAllocator allocator) {
        return context.newHandler(allocator);
    }

    /** The common name in the client's verified certificate; null without one, empty for one without a name. */
    public static @Nullable String commonName(SslHandler tls) {
        try {
            X509Certificate certificate =
                    (X509Certificate) tls.engine().getSession().getPeerCertificates()[0];
            for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    return String.valueOf(part.getValue());
                }
            }
            return "";
        } catch (SSLPeerUnverifiedException | InvalidNameException e) {
            return null;
        }
    }
}
