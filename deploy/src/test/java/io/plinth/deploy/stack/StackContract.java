package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Lookup;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;
import redis.clients.jedis.HostAndPort;

/** What stock clients see, however the daemons are run. */
abstract class StackContract {
    private static final int KEYS = 200;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    abstract TestStack stack();

    @Test
    void everythingIsReady() throws Exception {
        Script.Result status = stack().run("status", "--json");
        assertThat(status.exitCode()).as(status.out() + status.err()).isZero();
        assertThat(status.out())
                .contains("\"node\" : \"broker-1\"", "\"node\" : \"web-3\"", "\"node\" : \"pg-s1-replica\"")
                .doesNotContain("\"ready\" : false");
    }

    @Test
    void thePageIsServedOverHttpAndTls() throws Exception {
        HttpResponse<String> plain = get(HttpClient.newHttpClient(), "http://127.0.0.1:" + stack().port(8080) + "/");
        assertThat(plain.statusCode()).isEqualTo(200);
        assertThat(plain.body()).contains("Catalogue", "Served by");
        assertThat(plain.headers().firstValue("x-served-by")).get().asString().startsWith("web-");

        HttpClient trusting = HttpClient.newBuilder()
                .sslContext(trusting(stack().folder().resolve(".plinth/certs/shop.pem")))
                .build();
        HttpResponse<String> encrypted = get(trusting, "https://127.0.0.1:" + stack().port(8443) + "/");
        assertThat(encrypted.statusCode()).isEqualTo(200);
        assertThat(encrypted.body()).contains("Catalogue");
    }

    @Test
    void aWebSocketPassesThrough() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create("ws://127.0.0.1:" + stack().port(8080) + "/live"), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
                        heard.add(data.toString());
                        return WebSocket.Listener.super.onText(webSocket, data, last);
                    }
                })
                .get(20, TimeUnit.SECONDS);
        assertThat(heard.poll(20, TimeUnit.SECONDS)).startsWith("live from web-");
        socket.sendText("hello", true);
        String answer = heard.poll(20, TimeUnit.SECONDS);
        while (answer != null && !answer.startsWith("echo ")) {
            answer = heard.poll(20, TimeUnit.SECONDS);
        }
        assertThat(answer).isEqualTo("echo hello");
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(20, TimeUnit.SECONDS);
    }

    @Test
    void jedisUsesTheCacheAsACluster() {
        try (var jedis = redis.clients.jedis.RedisClusterClient.builder()
                .nodes(Set.of(new HostAndPort("127.0.0.1", stack().port(6379))))
                .build()) {
            for (int i = 0; i < KEYS; i++) {
                jedis.set("jedis:" + i, "value " + i);
            }
            for (int i = 0; i < KEYS; i++) {
                assertThat(jedis.get("jedis:" + i)).isEqualTo("value " + i);
            }
            assertThat(jedis.getClusterNodes()).hasSize(3);
        }
    }

    @Test
    void lettuceUsesTheCacheAsACluster() {
        RedisURI seed = RedisURI.create("127.0.0.1", stack().port(6380));
        try (RedisClusterClient client = RedisClusterClient.create(seed);
                StatefulRedisClusterConnection<String, String> connection = client.connect()) {
            for (int i = 0; i < KEYS; i++) {
                connection.sync().set("lettuce:" + i, "value " + i);
            }
            for (int i = 0; i < KEYS; i++) {
                assertThat(connection.sync().get("lettuce:" + i)).isEqualTo("value " + i);
            }
            assertThat(connection.getPartitions()).hasSize(3);
        }
    }

    @Test
    void rabbitsClientPublishesWithConfirmsAndConsumes() throws Exception {
        try (Connection connection = rabbit().newConnection();
                Channel channel = connection.createChannel()) {
            channel.queueDeclare("stack-it", true, false, false, null);
            channel.queuePurge("stack-it");
            channel.confirmSelect();
            byte[] body = "receipt".getBytes(StandardCharsets.UTF_8);
            channel.basicPublish("", "stack-it", MessageProperties.PERSISTENT_TEXT_PLAIN, body);
            channel.waitForConfirmsOrDie(PATIENCE.toMillis());
            GetResponse got = channel.basicGet("stack-it", false);
            assertThat(got).isNotNull();
            assertThat(got.getBody()).isEqualTo(body);
            channel.basicAck(got.getEnvelope().getDeliveryTag(), false);
            channel.queueDelete("stack-it");
        }
    }

    @Test
    void resolversGetTheDemosNames() throws Exception {
        for (boolean tcp : new boolean[] {false, true}) {
            SimpleResolver resolver = new SimpleResolver("127.0.0.1");
            resolver.setPort(stack().port(5300));
            resolver.setTCP(tcp);
            resolver.setTimeout(PATIENCE);
            for (String name : new String[] {"shop.example.", "www.shop.example."}) {
                Lookup lookup = new Lookup(name, Type.A);
                lookup.setResolver(resolver);
                lookup.setCache(null);
                Record[] answer = lookup.run();
                assertThat(lookup.getResult()).as(lookup.getErrorString()).isEqualTo(Lookup.SUCCESSFUL);
                assertThat(answer).hasSize(1);
                assertThat(answer[0].rdataToString()).isEqualTo("127.0.0.1");
            }
        }
    }

    @Test
    void pgjdbcUsesTheDatabase() throws Exception {
        for (String mode : new String[] {"extended", "simple"}) {
            Properties properties = new Properties();
            properties.setProperty("user", "shop");
            properties.setProperty("preferQueryMode", mode);
            String url = "jdbc:postgresql://127.0.0.1:" + stack().port(6432) + "/shop";
            try (var connection = DriverManager.getConnection(url, properties);
                    var insert = connection.prepareStatement(
                            "insert into orders (user_id, id, product, quantity) values (?, ?, 'mug', 1)");
                    var select =
                            connection.prepareStatement("select product from orders where user_id = ? and id = ?")) {
                for (int user = 1; user <= 20; user++) {
                    insert.setLong(1, user);
                    insert.setLong(2, System.nanoTime());
                    insert.executeUpdate();
                }
                select.setLong(1, 7);
                select.setLong(2, -1);
                try (var rows = select.executeQuery()) {
                    assertThat(rows.next()).isFalse();
                }
                try (var statement = connection.createStatement();
                        var rows = statement.executeQuery("select count(*) from products")) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getLong(1)).isEqualTo(4);
                }
            }
        }
    }

    @Test
    void anOrderGetsItsReceipt() throws Exception {
        String shop = "http://127.0.0.1:" + stack().port(8080);
        HttpClient browser = HttpClient.newBuilder()
                .cookieHandler(new java.net.CookieManager())
                .followRedirects(HttpClient.Redirect.NORMAL)
                .build();
        assertThat(get(browser, shop + "/").body()).contains("visit 1");
        HttpResponse<String> order = browser.send(
                HttpRequest.newBuilder(URI.create(shop + "/orders"))
                        .header("content-type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString("product=lamp&quantity=2"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(order.statusCode()).as(order.body()).isEqualTo(200);
        Matcher number = Pattern.compile("/orders/(\\d+)$").matcher(order.uri().toString());
        assertThat(number.find()).as("redirected to %s", order.uri()).isTrue();
        TestStack.await(
                PATIENCE, () -> get(browser, order.uri().toString()).body().contains("receipt sent by worker-"));
        assertThat(get(browser, shop + "/").body()).contains("/orders/" + number.group(1), "lamp");
    }

    ConnectionFactory rabbit() {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost("127.0.0.1");
        factory.setPort(stack().port(5672));
        return factory;
    }

    static HttpResponse<String> get(HttpClient client, String url) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** Trusts the development certificate, which is made for 127.0.0.1 too. */
    private static SSLContext trusting(Path certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var in = Files.newInputStream(certificate)) {
            store.setCertificateEntry(
                    "shop", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        assertThat(Set.of(context.getSupportedSSLParameters().getProtocols())).contains("TLSv1.3");
        return context;
    }
}
