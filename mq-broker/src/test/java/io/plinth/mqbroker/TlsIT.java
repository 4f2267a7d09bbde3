package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultSaslConfig;
import com.rabbitmq.client.SaslConfig;
import com.rabbitmq.client.SaslMechanism;
import com.rabbitmq.client.impl.LongStringHelper;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS and the SASL mechanisms, by RabbitMQ's Java client. */
@Timeout(60)
class TlsIT {
    private static TestBroker broker;
    private static X509Bundle authority;
    private static X509Bundle server;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        authority = new CertificateBuilder()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        server = new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .buildIssuedBy(authority);
        Files.writeString(folder.resolve("cert.pem"), server.getCertificatePathPEM());
        Files.writeString(folder.resolve("key.pem"), server.getPrivateKeyPEM());
        Files.writeString(folder.resolve("clients.pem"), authority.getCertificatePEM());
        Files.writeString(folder.resolve("secret"), "guest");
        broker = new TestBroker(folder, """
            { tls: { cert: cert.pem, key: key.pem, clients: clients.pem, port: 0 }, anonymous: guest,
              management: { tls: { cert: cert.pem, key: key.pem, port: 0 } },
              users: { guest: { password: { file: secret }, tags: [] }, robot: { password: { file: secret }, tags: [] } } }\
            """);
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private static ConnectionFactory secure(@Nullable X509Bundle client) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(
                client == null ? null : client.toKeyManagerFactory().getKeyManagers(),
                authority.toTrustManagerFactory().getTrustManagers(),
                null);
        ConnectionFactory factory = TestBroker.factory(broker.secure().getPort());
        factory.setHost("localhost");
        factory.useSslProtocol(context);
        return factory;
    }

    private static X509Bundle named(String name) throws Exception {
        return new CertificateBuilder().subject("CN=" + name).buildIssuedBy(authority);
    }

    private static SaslConfig mechanism(String name) {
        return offered -> List.of(offered).contains(name)
                ? new SaslMechanism() {
                    @Override
                    public String getName() {
                        return name;
                    }

                    @Override
                    public com.rabbitmq.client.LongString handleChallenge(
                            com.rabbitmq.client.@Nullable LongString challenge, String user, String password) {
                        return name.equals("AMQPLAIN") ? amqPlain(user, password) : LongStringHelper.asLongString("");
                    }
                }
                : null;
    }

    private static com.rabbitmq.client.LongString amqPlain(String user, String password) {
        try {
            var bytes = new java.io.ByteArrayOutputStream();
            var out = new com.rabbitmq.client.impl.MethodArgumentWriter(
                    new com.rabbitmq.client.impl.ValueWriter(new java.io.DataOutputStream(bytes)));
            out.writeTable(new java.util.TreeMap<>(Map.of("LOGIN", user, "PASSWORD", password)));
            out.flush();
            byte[] table = bytes.toByteArray();
            return LongStringHelper.asLongString(java.util.Arrays.copyOfRange(table, 4, table.length));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void works(ConnectionFactory factory) throws Exception {
        try (Connection connection = factory.newConnection()) {
            assertThat(connection.createChannel().queueDeclare().getQueue()).isNotEmpty();
        }
    }

    @Test
    void aPasswordWorksOverTls() throws Exception {
        works(secure(null));
    }

    /** Without a line that tells of an error of the broker's: a test would fail for that. */
    @Test
    void whoSpeaksPlainlyToTheTlsPortIsCutOff() throws Exception {
        for (int port :
                new int[] {broker.secure().getPort(), broker.secureManagement().getPort()}) {
            try (Socket socket = new Socket("localhost", port)) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
                // An alert may come before the end.
                assertThat(socket.getInputStream().readAllBytes()).hasSizeLessThan(100);
            }
        }
    }

    @Test
    void aCertificateNamesItsUser() throws Exception {
        ConnectionFactory factory = secure(named("robot"));
        factory.setSaslConfig(DefaultSaslConfig.EXTERNAL);
        works(factory);
    }

    @Test
    void aCertificateOfNobodyKnownIsRefused() throws Exception {
        ConnectionFactory factory = secure(named("stranger"));
        factory.setSaslConfig(DefaultSaslConfig.EXTERNAL);
        assertThatThrownBy(factory::newConnection).hasMessageContaining("ACCESS_REFUSED");
    }

    @Test
    void whoShowsNoCertificateIsNotOfferedExternal() throws Exception {
        ConnectionFactory factory = secure(null);
        factory.setSaslConfig(DefaultSaslConfig.EXTERNAL);
        assertThatThrownBy(factory::newConnection).hasMessageContaining("No compatible authentication mechanism");
    }

    @Test
    void amqPlainAndAnonymousWork() throws Exception {
        for (String name : List.of("AMQPLAIN", "ANONYMOUS")) {
            ConnectionFactory factory = broker.factory();
            factory.setSaslConfig(mechanism(name));
            works(factory);
        }
    }

    @Test
    void theManagementApiIsServedOverTls() throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(null, authority.toTrustManagerFactory().getTrustManagers(), null);
        URI overview =
                URI.create("https://localhost:" + broker.secureManagement().getPort() + "/api/overview");
        HttpRequest request = HttpRequest.newBuilder(overview)
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString("guest:guest".getBytes(UTF_8)))
                .build();
        try (HttpClient client = HttpClient.newBuilder().sslContext(context).build()) {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).contains("rabbitmq_version", "\"protocol\":\"https\"");
            HttpResponse<String> login = client.send(
                    HttpRequest.newBuilder(overview.resolve("login"))
                            .POST(HttpRequest.BodyPublishers.ofString("username=guest&password=guest"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(login.headers().firstValue("set-cookie").orElse("none")).endsWith("; Secure");
        }
    }
}
