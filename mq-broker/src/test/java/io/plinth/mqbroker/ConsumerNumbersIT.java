package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What management and metrics tell of a queue's consumers. */
@Timeout(120)
class ConsumerNumbersIT extends ClientFixture {
    private static void until(Callable<Boolean> holds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!holds.call()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static double number(Map<?, ?> queue, String field) {
        return ((Number) Objects.requireNonNull(queue.get(field))).doubleValue();
    }

    private String metric(String which) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI page = URI.create("http://127.0.0.1:" + broker.admin().getPort() + "/metrics/per-object");
            String all = client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
            return all.lines()
                    .filter(line -> line.startsWith(which + "{") && line.contains("\"" + name + "\""))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void capacityIsTheTimeInWhichConsumersHadRoom() throws Exception {
        try (ManagementClient api = broker.management()) {
            channel.queueDeclare(name, true, false, false, Map.of());
            assertThat(number(api.get("queues/%2F/" + name).object(), "consumer_capacity"))
                    .isZero();
            channel.basicQos(1);
            String tag = channel.basicConsume(name, false, (t, d) -> {}, t -> {});
            assertThat(number(api.get("queues/%2F/" + name).object(), "consumer_capacity"))
                    .as("a consumer with room, and nothing there")
                    .isEqualTo(1);
            channel.basicPublish("", name, null, new byte[1]);
            channel.basicPublish("", name, null, new byte[1]);
            until(() -> number(api.get("queues/%2F/" + name).object(), "consumer_utilisation") < 0.2);
            String line = metric("rabbitmq_queue_consumer_capacity");
            assertThat(Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                    .isLessThan(0.5);
            channel.basicAck(0, true);
            until(() -> number(api.get("queues/%2F/" + name).object(), "consumer_capacity") > 0.8);
            channel.basicCancel(tag);
            assertThat(number(api.get("queues/%2F/" + name).object(), "consumer_capacity"))
                    .isZero();
        }
    }

    @Test
    void theSingleActiveConsumerIsNamedBeforeItGotAnything() throws Exception {
        try (ManagementClient api = broker.management()) {
            channel.queueDeclare(name, true, false, false, Map.of("x-single-active-consumer", true));
            channel.basicConsume(name, true, "one", (t, d) -> {}, t -> {});
            channel.basicConsume(name, true, "two", (t, d) -> {}, t -> {});
            Map<?, ?> queue = api.get("queues/%2F/" + name).object();
            assertThat(queue.get("single_active_consumer_tag")).isEqualTo("one");
            assertThat(queue.toString()).contains("activity_status=single_active", "activity_status=waiting");
            channel.basicCancel("one");
            assertThat(api.get("queues/%2F/" + name).object().get("single_active_consumer_tag"))
                    .isEqualTo("two");
        }
    }
}
