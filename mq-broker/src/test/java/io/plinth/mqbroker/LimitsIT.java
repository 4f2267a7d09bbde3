package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is set in the file holds: what clients are told, and how many of a thing there may be. */
@Timeout(60)
@ClientFixture.Section("{ product: Plinth, version: 9.8.7, limits: { metric-queues: 3, unacked: 20 } }")
class LimitsIT extends ClientFixture {
    @Test
    void clientsAreToldTheProductAndItsVersion() {
        Map<String, Object> told = connection.getServerProperties();
        assertThat(told.get("product")).hasToString("Plinth");
        assertThat(told.get("version")).hasToString("9.8.7");
    }

    @Test
    void getsThatAreNotAcknowledgedAreBounded() throws Exception {
        String queue = channel.queueDeclare().getQueue();
        for (int i = 0; i < 25; i++) {
            Deliveries.publish(channel, "", queue, "" + i);
        }
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            for (int i = 0; i < 20; i++) {
                assertThat(c.basicGet(queue, false)).isNotNull();
            }
            c.basicGet(queue, false);
        });
        assertThat(Deliveries.get(channel, queue)).isEqualTo("0");
    }

    /** The others count as any queue does, but no line of the metrics is theirs. */
    @Test
    void soManyQueuesHaveMetricsOfTheirOwn() throws Exception {
        channel.confirmSelect();
        for (int i = 0; i < 6; i++) {
            channel.queueDeclare("measured " + i, true, false, false, Map.of());
            Deliveries.publish(channel, "", "measured " + i, "x");
        }
        channel.waitForConfirmsOrDie(20_000);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (queues("rabbitmq_queue_messages_ready").isEmpty()
                || queues("rabbitmq_queue_confirm_latency_seconds").isEmpty()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
        assertThat(queues("rabbitmq_queue_messages_ready")).hasSize(3);
        assertThat(queues("rabbitmq_queue_confirm_latency_seconds")).hasSizeLessThanOrEqualTo(3);
    }

    private static Set<String> queues(String metric) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + broker.admin().getPort() + "/metrics/per-object"))
                .build();
        String metrics = HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString(UTF_8))
                .body();
        Matcher line =
                Pattern.compile("(?m)^" + metric + "\\{[^}]*queue=\"([^\"]*)\"").matcher(metrics);
        Set<String> names = new TreeSet<>();
        while (line.find()) {
            names.add(line.group(1));
        }
        return names;
    }
}
