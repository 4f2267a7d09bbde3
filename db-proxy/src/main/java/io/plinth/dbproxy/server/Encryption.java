package io.plinth.dbproxy.server;

import com.ongres.scram.common.util.TlsServerEndpoint;
import io.netty.handler.ssl.SslHandler;
import io.plinth.kit.net.ClientTls;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * TLS towards servers. Immutable.
 *
 * @param required whether a server without it is refused
 */
public record Encryption(ClientTls tls, boolean required) {
    /** What SCRAM-SHA-256-PLUS binds to; empty where the certificate has no hash to bind to. */
    static byte[] endPoint(SslHandler tls) {
        try {
            return TlsServerEndpoint.getChannelBindingData(
                    (X509Certificate) tls.engine().getSession().getPeerCertificates()[0]);
        } catch (SSLPeerUnverifiedException | CertificateEncodingException e) {
            return new byte[0];
        }
    }
}
