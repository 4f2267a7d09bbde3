package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.QueueMethod;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many durable queues are declared, listed, measured, given policies, deleted with their virtual host and imported again; some take and hand out
 * messages, and all are there after a kill; under the limits and the heap a broker has by default, but for how long a file may be. Meanwhile another client publishes. Few here;
 * the profile {@code many-queues} asks for 100,000 and prints what it measured.
 */
@Timeout(3600)
class ManyQueuesIT {
    /** Beside the one of the other client. */
    private static final int QUEUES = Integer.getInteger("many.queues", 2000) - 1;

    private static final int CLIENTS = 8;
    /** One queue of so many is used. */
    private static final int SAMPLE = 10;

    private static final int UNCONFIRMED = 1000;
    private static final int UNANSWERED = 500;
    private static final String HOST = "many";

    @TempDir
    Path folder;

    /** What one of the clients does with its part of the queues. */
    private interface Work {
        void on(int from, int to) throws Exception;
    }

    private interface Step {
        void run() throws Exception;
    }

    @Test
    void aHundredThousandQueuesDeclareServeAndRestart() throws Exception {
        String compiler = "-XX:TieredStopAtLevel=" + (QUEUES > 10_000 ? 4 : 1);
        try (BrokerProcess broker = new BrokerProcess(folder, "{ management: { body: 32MiB } }", compiler)) {
            broker.start();
            broker.connect().close();
            ManagementClient management = broker.management();
            assertThat(management.put("vhosts/" + HOST, "").status()).isEqualTo(201);
            assertThat(management
                            .put(
                                    "permissions/" + HOST + "/guest",
                                    "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}")
                            .status())
                    .isEqualTo(201);
            declareAll(broker);
            use(broker);
            operate(broker);
            broker.kill();
            timed("started", () -> {
                broker.start();
                broker.connect().close();
            });
            report("resident %,d MiB".formatted(broker.resident() >> 20));
            restarted(broker);
            changeAll(broker);
        }
    }

    private static void declareAll(BrokerProcess broker) throws Exception {
        long empty = broker.resident();
        int waiting = Math.min(QUEUES / 4, 4000);
        all("declared by clients that wait for each answer:", 0, waiting, (from, to) -> declare(broker, from, to));
        all("declared by clients that do not wait:", waiting, QUEUES / 2, (from, to) -> pipeline(broker, from, to));
        long start = System.nanoTime();
        pipeline(broker, QUEUES / 2, QUEUES);
        rate("declared by one that does not wait:", QUEUES - QUEUES / 2, start);
        long declared = broker.resident();
        report("resident %,d MiB, of which %,d octets a queue"
                .formatted(declared >> 20, Math.max(0, declared - empty) / QUEUES));
    }

    private static void use(BrokerProcess broker) throws Exception {
        all("published to:", 0, QUEUES / SAMPLE, (from, to) -> publish(broker, from, to));
        all("got from:", 0, QUEUES / SAMPLE, (from, to) -> take(broker, from, to));
        all("published to:", 0, QUEUES / SAMPLE, (from, to) -> publish(broker, from, to));
    }

    private static void restarted(BrokerProcess broker) throws Exception {
        all("got from:", 0, QUEUES / SAMPLE, (from, to) -> take(broker, from, to));
        try (Connection connection = connect(broker)) {
            Channel channel = connection.createChannel();
            assertThat(channel.queueDeclarePassive(name(QUEUES - 1)).getMessageCount())
                    .isZero();
        }
    }

    /** What an operator looks at. */
    private static void operate(BrokerProcess broker) throws Exception {
        ManagementClient management = broker.management();
        beside(broker, "first page of queues", () -> page(management, 1, QUEUES));
        beside(broker, "last page of queues, sorted", () -> page(management, (QUEUES + 99) / 100, QUEUES));
        beside(
                broker,
                "overview",
                () -> assertThat(management.get("overview").status()).isEqualTo(200));
        beside(broker, "all queues' names", () -> {
            ManagementClient.Answer answer = management.get("queues?columns=name&disable_stats=true");
            assertThat(answer.list()).hasSize(QUEUES + 1);
        });
        for (String path :
                List.of("/metrics", "/metrics/per-object", "/metrics/detailed?family=queue_coarse_metrics")) {
            beside(broker, path, () -> {
                String page = metrics(broker, path);
                assertThat(page).contains("mqbroker");
                report("  %,d octets".formatted(page.length()));
            });
        }
        report("resident %,d MiB".formatted(broker.resident() >> 20));
    }

    private static void page(ManagementClient management, int number, int count) throws Exception {
        ManagementClient.Answer answer =
                management.get("queues/" + HOST + "?page=" + number + "&page_size=100&sort=messages");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.object().get("total_count")).isEqualTo((long) count);
        assertThat((List<?>) answer.object().get("items")).hasSize(Math.min(100, count - 100 * (number - 1)));
    }

    /** What concerns all queues at once. */
    private void changeAll(BrokerProcess broker) throws Exception {
        ManagementClient management = broker.management();
        String policy = "policies/" + HOST + "/all";
        for (int length : List.of(1000, 2000)) {
            beside(
                    broker,
                    "policy set",
                    () -> assertThat(management
                                    .put(policy, "{\"pattern\":\".*\",\"definition\":{\"max-length\":" + length + "}}")
                                    .status())
                            .isBetween(200, 204));
            assertThat(effective(management)).contains("\"max-length\":" + length);
        }
        report("resident %,d MiB".formatted(broker.resident() >> 20));
        beside(
                broker,
                "policy deleted",
                () -> assertThat(management.delete(policy).status()).isEqualTo(204));
        assertThat(effective(management)).doesNotContain("max-length");
        Path file = folder.resolve("definitions.json");
        beside(broker, "definitions exported", () -> {
            String exported = management.get("definitions/" + HOST).body();
            report("  %,d octets".formatted(exported.length()));
            Files.writeString(file, exported);
        });
        beside(broker, "virtual host deleted", () -> {
            assertThat(management.delete("vhosts/" + HOST).status()).isEqualTo(204);
            while (management
                                    .get("queues?page=1&disable_stats=true&name=queue")
                                    .object()
                                    .get("filtered_count")
                            instanceof Long n
                    && n > 0) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
        });
        assertThat(management.put("vhosts/" + HOST, "").status()).isEqualTo(201);
        beside(
                broker,
                "definitions imported",
                () -> assertThat(management
                                .post("definitions/" + HOST, Files.readString(file))
                                .status())
                        .isEqualTo(204));
        page(management, 1, QUEUES);
        report("resident %,d MiB".formatted(broker.resident() >> 20));
        management.put("permissions/" + HOST + "/guest", "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
        beside(
                broker,
                "queues deleted one by one",
                () -> all("deleted:", 0, QUEUES, (from, to) -> delete(broker, from, to)));
    }

    private static String effective(ManagementClient management) throws Exception {
        return management
                .get("queues/" + HOST + "/" + name(QUEUES - 1).replace(" ", "%20")
                        + "?columns=effective_policy_definition")
                .body();
    }

    /** Does something while another client publishes, and tells how long that one waited at most for a confirm. */
    private static void beside(BrokerProcess broker, String what, Step step) throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("beside", true, false, false, Map.of("x-max-length", 10));
            channel.confirmSelect();
            CompletableFuture<Long> longest = new CompletableFuture<>();
            boolean[] stop = {false};
            Thread publisher = Thread.ofPlatform().start(() -> {
                long most = 0;
                try {
                    while (!stop[0]) {
                        long start = System.nanoTime();
                        channel.basicPublish("", "beside", null, new byte[100]);
                        channel.waitForConfirmsOrDie(60_000);
                        most = Math.max(most, System.nanoTime() - start);
                        TimeUnit.MILLISECONDS.sleep(1);
                    }
                    longest.complete(most);
                } catch (Exception e) {
                    longest.completeExceptionally(e);
                }
            });
            long start = System.nanoTime();
            step.run();
            double seconds = seconds(start);
            stop[0] = true;
            publisher.join();
            report("%s: %.2f s, another client waited at most %.0f ms"
                    .formatted(what, seconds, longest.get(1, TimeUnit.MINUTES) / 1e6));
        }
    }

    private static String metrics(BrokerProcess broker, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + broker.adminPort() + path))
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        }
    }

    private static String name(int number) {
        return "queue " + number;
    }

    private static Connection connect(BrokerProcess broker) throws Exception {
        ConnectionFactory factory = TestBroker.factory(broker.port());
        factory.setVirtualHost(HOST);
        return factory.newConnection();
    }

    private static void declare(BrokerProcess broker, int from, int to) throws Exception {
        try (Connection connection = connect(broker)) {
            Channel channel = connection.createChannel();
            for (int i = from; i < to; i++) {
                channel.queueDeclare(name(i), true, false, false, Map.of());
                channel.queueBind(name(i), "amq.direct", name(i));
            }
        }
    }

    private static void pipeline(BrokerProcess broker, int from, int to) throws Exception {
        try (RawClient client = new RawClient(broker.port(), HOST)) {
            for (int first = from; first < to; first += UNANSWERED) {
                List<Method> sent = new ArrayList<>();
                int behind = Math.min(to, first + UNANSWERED);
                for (int i = first; i < behind; i++) {
                    sent.add(new QueueMethod.Declare(0, name(i), false, true, false, false, false, FieldTable.EMPTY));
                    sent.add(new QueueMethod.Bind(0, name(i), "amq.direct", name(i), true, FieldTable.EMPTY));
                }
                client.send(1, sent);
                for (int i = first; i < behind; i++) {
                    assertThat(client.read()).isEqualTo(new QueueMethod.DeclareOk(name(i), 0, 0));
                }
            }
        }
    }

    private static void delete(BrokerProcess broker, int from, int to) throws Exception {
        try (RawClient client = new RawClient(broker.port(), HOST)) {
            for (int first = from; first < to; first += UNANSWERED) {
                List<Method> sent = new ArrayList<>();
                int behind = Math.min(to, first + UNANSWERED);
                for (int i = first; i < behind; i++) {
                    sent.add(new QueueMethod.Delete(0, name(i), false, false, false));
                }
                client.send(1, sent);
                for (int i = first; i < behind; i++) {
                    assertThat(client.read()).isEqualTo(new QueueMethod.DeleteOk(0));
                }
            }
        }
    }

    private static void publish(BrokerProcess broker, int from, int to) throws Exception {
        try (Connection connection = connect(broker)) {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            for (int i = from; i < to; i++) {
                String queue = name(i * SAMPLE);
                channel.basicPublish(
                        "amq.direct", queue, MessageProperties.MINIMAL_PERSISTENT_BASIC, queue.getBytes(UTF_8));
                if (i % UNCONFIRMED == 0 || i == to - 1) {
                    channel.waitForConfirmsOrDie(60_000);
                }
            }
        }
    }

    private static void take(BrokerProcess broker, int from, int to) throws Exception {
        try (Connection connection = connect(broker)) {
            Channel channel = connection.createChannel();
            for (int i = from; i < to; i++) {
                GetResponse got = channel.basicGet(name(i * SAMPLE), true);
                assertThat(got).as("message of %s", name(i * SAMPLE)).isNotNull();
                assertThat(new String(got.getBody(), UTF_8)).isEqualTo(name(i * SAMPLE));
                assertThat(got.getMessageCount()).isZero();
            }
        }
    }

    private static void all(String what, int first, int behind, Work work) throws Exception {
        long start = System.nanoTime();
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            int from = first + (behind - first) * client / CLIENTS;
            int to = first + (behind - first) * (client + 1) / CLIENTS;
            clients.add(CompletableFuture.runAsync(
                    () -> {
                        try {
                            work.on(from, to);
                        } catch (Exception e) {
                            throw new AssertionError(e);
                        }
                    },
                    task -> Thread.ofPlatform().start(task)));
        }
        for (CompletableFuture<Void> client : clients) {
            client.get(30, TimeUnit.MINUTES);
        }
        rate(what, behind - first, start);
    }

    private static void rate(String what, int count, long start) {
        report("%s %,d queues, %,.0f/s".formatted(what, count, count / seconds(start)));
    }

    private static void timed(String what, Step step) throws Exception {
        long start = System.nanoTime();
        step.run();
        report("%s in %.1f s".formatted(what, seconds(start)));
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static void report(String line) {
        System.out.println(line);
    }
}
