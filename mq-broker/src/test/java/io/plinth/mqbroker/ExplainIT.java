package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import io.plinth.mqbroker.queue.Shards;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is explained is what happens. */
class ExplainIT {
    private static final long SEED = 20261122;

    @TempDir
    Path folder;

    private static String explain(TestBroker broker, String exchange, String key) throws Exception {
        return explain(
                broker,
                "publish?exchange=" + URLEncoder.encode(exchange, StandardCharsets.UTF_8) + "&key="
                        + URLEncoder.encode(key, StandardCharsets.UTF_8) + "&header.h=1");
    }

    private static String explain(TestBroker broker, String question) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + broker.admin().getPort() + "/explain/" + question);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> response =
                    client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            return response.statusCode() + " " + response.body();
        }
    }

    @Test
    void namesTheQueuesThatGetTheMessage() throws Exception {
        Random random = new Random(SEED);
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            List<String> queues = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                queues.add(
                        channel.queueDeclare("q" + i, false, false, false, null).getQueue());
            }
            List<String> exchanges = new ArrayList<>(List.of("", "amq.topic", "amq.fanout", "amq.headers"));
            channel.exchangeDeclare("hop", "topic", false, false, Map.of("alternate-exchange", "amq.fanout"));
            exchanges.add("hop");
            String[] keys = {"a", "a.b", "a.#", "*.b", "#", "c", "q1"};
            for (int i = 0; i < 25; i++) {
                String from = exchanges.get(1 + random.nextInt(exchanges.size() - 1));
                String key = keys[random.nextInt(keys.length)];
                if (random.nextInt(6) == 0) {
                    channel.exchangeBind("hop", from, key, Map.of("x-match", "any", "h", "1"));
                } else {
                    channel.queueBind(
                            queues.get(random.nextInt(queues.size())),
                            from,
                            key,
                            Map.of("x-match", "all", "h", Integer.toString(random.nextInt(2))));
                }
            }
            for (int i = 0; i < 40; i++) {
                String exchange = exchanges.get(random.nextInt(exchanges.size()));
                String key = keys[random.nextInt(keys.length)];
                TreeSet<String> got = new TreeSet<>();
                channel.basicPublish(
                        exchange,
                        key,
                        new AMQP.BasicProperties.Builder()
                                .headers(Map.of("h", "1"))
                                .build(),
                        new byte[1]);
                channel.waitForConfirmsOrDie(10_000);
                for (String queue : queues) {
                    if (channel.basicGet(queue, true) != null) {
                        got.add("\"" + queue + "\"");
                    }
                }
                String answer = explain(broker, exchange, key);
                String named = answer.substring(answer.indexOf("\"queues\":[") + 10);
                TreeSet<String> told = new TreeSet<>(
                        List.of(named.substring(0, named.indexOf(']')).split(",")));
                told.remove("");
                assertThat(told)
                        .as("%s with key %s, seed %d: %s", exchange, key, SEED, answer)
                        .isEqualTo(got);
            }
        }
    }

    @Test
    void namesTheBindingsOnTheWay() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("orders", false, false, false, null);
            channel.exchangeDeclare("shop", "topic", false, false, Map.of("alternate-exchange", "amq.fanout"));
            channel.exchangeBind("amq.direct", "shop", "order.#");
            channel.queueBind("orders", "amq.direct", "order.new");

            assertThat(explain(broker, "shop", "order.new"))
                    .startsWith("200 ")
                    .contains(
                            "\"binding_key\":\"order.#\"", "\"destination\":\"amq.direct\"", "\"queues\":[\"orders\"]");
            assertThat(explain(broker, "shop", "invoice"))
                    .contains("\"way\":\"alternate_exchange\"", "\"routed\":false", "\"destination\":\"amq.fanout\"");
            assertThat(explain(broker, "", "orders")).contains("\"way\":\"queue_name\"");
            assertThat(explain(broker, "nowhere", "x")).startsWith("404 ");
        }
    }

    @Test
    void namesTheQueueWhoseOldestMessageHoldsASegment() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{ segment: 1MiB }");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            channel.queueDeclare("forgotten", true, false, false, null);
            int shard = Shards.of("/", "forgotten", Shards.COUNT);
            String busy = IntStream.range(0, 1000)
                    .mapToObj(i -> "busy" + i)
                    .filter(name -> Shards.of("/", name, Shards.COUNT) == shard)
                    .findFirst()
                    .orElseThrow();
            channel.queueDeclare(busy, true, false, false, null);
            channel.basicPublish("", "forgotten", MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[10]);
            for (int i = 0; i < 150; i++) {
                channel.basicPublish("", busy, MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[10_000]);
            }
            channel.waitForConfirmsOrDie(20_000);
            channel.queuePurge(busy);
            assertThat(explain(broker, "segment?shard=" + shard))
                    .contains("\"why\":\"messages in it are not settled\"", "\"why\":\"it is being written\"");
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            String answer = explain(broker, "segment?shard=" + shard + "&segment=1");
            while (!answer.contains("\"live_messages\":1,") && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(20);
                answer = explain(broker, "segment?shard=" + shard + "&segment=1");
            }
            assertThat(answer).contains("\"oldest\":{\"vhost\":\"/\",\"queue\":\"forgotten\",\"message\":1}");
            assertThat(explain(broker, "segment?shard=" + shard + "&segment=77"))
                    .startsWith("404 ");
            assertThat(explain(broker, "segment?shard=x")).startsWith("404 ");
        }
    }
}
