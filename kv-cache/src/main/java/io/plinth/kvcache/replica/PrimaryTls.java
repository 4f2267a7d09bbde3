package io.plinth.kvcache.replica;

import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.Doc;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** TLS towards the Redis that REPLICAOF names; its certificate and its name are always verified. */
@Doc("TLS towards the Redis that REPLICAOF names; the files are read with each connection to it.")
public record PrimaryTls(
        @Doc("PEM file of who signs its certificate, relative to this file; the JDK's authorities where left out.")
        @Nullable
        Path ca,

        @Doc("PEM file of the certificate that is shown to it, relative to this file.") @Nullable
        Path cert,

        @Doc("PEM file of that certificate's private key (PKCS#8), relative to this file.") @Nullable
        Path key,

        @Doc("The name that its certificate is for, also sent in SNI; the host of REPLICAOF where left out.") @Nullable
        String serverName)
        implements Checked {

    @Override
    public void check(Check check) {
        if ((cert == null) != (key == null)) {
            check.problem("cert", "cert: " + cert + ", key: " + key + " (expected: both or none)");
        }
        String name = serverName;
        if (name != null && !name.matches("[A-Za-z0-9._-]{1,253}")) {
            check.problem("server-name", "server-name: " + name + " (expected: a host's name)");
        }
    }

    /** Begins TLS on a connection; {@code file} is what the other files are relative to. */
    Socket over(Socket connected, Path file, String host, int port) throws IOException {
        SslContextBuilder builder =
                SslContextBuilder.forClient().sslProvider(SslProvider.JDK).protocols("TLSv1.3", "TLSv1.2");
        try {
            if (ca != null) {
                builder.trustManager(file.resolveSibling(ca).toFile());
            }
            if (cert != null && key != null) {
                builder.keyManager(
                        file.resolveSibling(cert).toFile(),
                        file.resolveSibling(key).toFile());
            }
            JdkSslContext context = (JdkSslContext) builder.build();
            String name = serverName == null ? host : serverName;
            SSLSocket secure =
                    (SSLSocket) context.context().getSocketFactory().createSocket(connected, name, port, true);
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            if (serverName != null) {
                parameters.setServerNames(List.of(new SNIHostName(serverName)));
            }
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            return secure;
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "tls: " + ca + ", " + cert + ", " + key + " cannot be used (expected: PEM files): "
                            + e.getMessage(),
                    e);
        }
    }
}
