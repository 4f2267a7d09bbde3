package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.plinth.testkit.RabbitServer;
import io.plinth.testkit.RequiresPeer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Prometheus reads, beside RabbitMQ's plugin and by what Grafana's dashboards for it ask. */
class MetricsIT {
    private static final Pattern SERIES = Pattern.compile("([a-z_0-9]+)(?:\\{(.*)\\})? (\\S+)");
    private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"");

    /** Erlang's, its store's and its Raft's; packets and the shares of time that consumers had room, which are counted nowhere here. */
    private static final Predicate<String> OF_RABBITMQ_ALONE = Pattern.compile(
                    "(erlang_|telemetry_).*"
                        + "|rabbitmq_(detailed_)?(raft_|erlang_scheduler|erlang_gc_reclaimed|erlang_processes_limit|erlang_net"
                        + "|schema_db|msg_store|queue_index|io_(sync|seek|reopen|open)|io_.*_time|queue_disk"
                        + "|queue_messages_paged_out|.*reductions|connection_.*packets).*"
                        + "|rabbitmq_global_(messages_dead_lettered|messages_received_confirm|messages_delivered_total|publishers).*")
            .asMatchPredicate();

    /** The queries of the dashboards RabbitMQ-Overview and RabbitMQ-Queue, of those for 3.8 and for 4. */
    private static final List<String> DASHBOARDS = List.of(
            "rabbitmq_identity_info",
            "rabbitmq_build_info",
            "rabbitmq_queue_messages_ready",
            "rabbitmq_queue_messages_unacked",
            "rabbitmq_queue_messages",
            "rabbitmq_queue_messages_published_total",
            "rabbitmq_process_resident_memory_bytes",
            "rabbitmq_resident_memory_limit_bytes",
            "rabbitmq_disk_space_available_bytes",
            "rabbitmq_disk_space_available_limit_bytes",
            "rabbitmq_process_max_fds",
            "rabbitmq_process_open_fds",
            "rabbitmq_process_max_tcp_sockets",
            "rabbitmq_process_open_tcp_sockets",
            "rabbitmq_connections",
            "rabbitmq_channels",
            "rabbitmq_consumers",
            "rabbitmq_queues",
            "rabbitmq_channel_messages_published_total",
            "rabbitmq_channel_messages_confirmed_total",
            "rabbitmq_channel_messages_unconfirmed",
            "rabbitmq_channel_messages_unroutable_dropped_total",
            "rabbitmq_channel_messages_unroutable_returned_total",
            "rabbitmq_channel_messages_delivered_total",
            "rabbitmq_channel_messages_delivered_ack_total",
            "rabbitmq_channel_messages_redelivered_total",
            "rabbitmq_channel_messages_acked_total",
            "rabbitmq_channel_get_total",
            "rabbitmq_channel_get_ack_total",
            "rabbitmq_channel_get_empty_total",
            "rabbitmq_global_messages_received_total",
            "rabbitmq_global_messages_confirmed_total",
            "rabbitmq_global_messages_routed_total",
            "rabbitmq_global_messages_acknowledged_total",
            "rabbitmq_global_messages_redelivered_total",
            "rabbitmq_global_messages_delivered_consume_auto_ack_total",
            "rabbitmq_global_messages_delivered_consume_manual_ack_total",
            "rabbitmq_global_messages_delivered_get_auto_ack_total",
            "rabbitmq_global_messages_delivered_get_manual_ack_total",
            "rabbitmq_global_messages_get_empty_total",
            "rabbitmq_global_messages_unroutable_dropped_total",
            "rabbitmq_global_messages_unroutable_returned_total",
            "rabbitmq_queues_declared_total",
            "rabbitmq_queues_created_total",
            "rabbitmq_queues_deleted_total",
            "rabbitmq_channels_opened_total",
            "rabbitmq_channels_closed_total",
            "rabbitmq_connections_opened_total",
            "rabbitmq_connections_closed_total");

    private static final String DETAILED = "/metrics/detailed?family=queue_coarse_metrics&family=queue_metrics"
            + "&family=queue_consumer_count&family=connection_coarse_metrics&family=connection_metrics"
            + "&family=channel_metrics&family=channel_exchange_metrics&family=channel_queue_metrics"
            + "&family=node_metrics&family=node_coarse_metrics&family=connection_churn_metrics"
            + "&family=auth_attempt_metrics&family=vhost_status&family=exchange_names&family=exchange_bindings";

    @TempDir
    static Path folder;

    private static String page(int port, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(path).isEqualTo(200);
            return answer.body();
        }
    }

    /** Names of series with the names of their labels. */
    private static Map<String, Set<String>> names(String page) {
        Map<String, Set<String>> names = new TreeMap<>();
        page.lines().filter(line -> !line.startsWith("#") && !line.isBlank()).forEach(line -> {
            Matcher series = SERIES.matcher(line);
            assertThat(series.matches()).as(line).isTrue();
            Set<String> labels = names.computeIfAbsent(series.group(1), name -> new TreeSet<>());
            Matcher label = LABEL.matcher(series.group(2) == null ? "" : series.group(2));
            while (label.find()) {
                labels.add(label.group(1));
            }
        });
        return names;
    }

    private static double value(String page, String series) {
        return page.lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(series + " is not in\n" + page));
    }

    private static Connection load(ConnectionFactory factory) throws Exception {
        Connection connection = factory.newConnection();
        Channel channel = connection.createChannel();
        channel.confirmSelect();
        channel.queueDeclare("q1", true, false, false, null);
        channel.queueDeclare("q2", false, false, false, null);
        channel.queueBind("q1", "amq.topic", "a");
        for (int i = 0; i < 10; i++) {
            channel.basicPublish(
                    "amq.topic",
                    "a",
                    new AMQP.BasicProperties.Builder().deliveryMode(2).build(),
                    new byte[100]);
        }
        channel.basicPublish("amq.topic", "nowhere", null, new byte[1]);
        channel.waitForConfirmsOrDie(20_000);
        channel.basicGet("q2", true);
        Channel consuming = connection.createChannel();
        consuming.basicQos(3);
        consuming.basicConsume("q1", (tag, message) -> {}, tag -> {});
        return connection;
    }

    @Test
    @RequiresPeer("rabbitmq-server")
    void everySeriesOfRabbitMqsIsThereWithItsLabels() throws Exception {
        Path own = Files.createDirectory(folder.resolve("plinth"));
        try (RabbitServer rabbit = new RabbitServer(Files.createDirectory(folder.resolve("rabbit")));
                TestBroker broker = new TestBroker(own, "{}");
                Connection their = load(TestBroker.factory(rabbit.port()));
                Connection our = load(broker.factory())) {
            assertThat(List.of(their.isOpen(), our.isOpen())).containsOnly(true);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!page(rabbit.prometheusPort(), "/metrics/per-object")
                    .contains("rabbitmq_channel_messages_confirmed")) {
                assertThat(System.nanoTime()).as("RabbitMQ has no statistics").isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(100);
            }
            Map<String, Set<String>> wrong = new TreeMap<>();
            for (String path : List.of("/metrics", "/metrics/per-object", DETAILED)) {
                Map<String, Set<String>> has = names(page(broker.admin().getPort(), path));
                names(page(rabbit.prometheusPort(), path)).forEach((name, labels) -> {
                    labels.removeAll(Set.of("queue_type", "prometheus_plugin_version", "prometheus_client_version"));
                    if (name.startsWith("rabbitmq_channel_")
                            || name.startsWith("rabbitmq_detailed_channel_")
                            || name.endsWith("queue_messages_published_total")) {
                        // Here channels do not count by exchange and by queue.
                        labels.retainAll(Set.of("channel"));
                    }
                    if (name.endsWith("queue_messages_published_total") || name.contains("_connection_")) {
                        // RabbitMQ says "channel" of a connection, too.
                        labels.remove("channel");
                    }
                    if (!OF_RABBITMQ_ALONE.test(name)
                            && !has.getOrDefault(name, Set.of("absent")).containsAll(labels)) {
                        wrong.put(path + " " + name, labels);
                    }
                });
            }
            assertThat(wrong).isEmpty();
        }
    }

    @Test
    void dashboardsFindWhatTheyAskFor() throws Exception {
        Path own = Files.createDirectory(folder.resolve("alone"));
        try (TestBroker broker = new TestBroker(own, "{limits: {metric-queues: 1, metric-channels: 1}}")) {
            Connection connection = load(broker.factory());
            String page = page(broker.admin().getPort(), "/metrics");
            assertThat(names(page)).containsKeys(DASHBOARDS.toArray(String[]::new));
            assertThat(value(page, "rabbitmq_queue_messages"))
                    .as("of all queues")
                    .isEqualTo(10);
            assertThat(value(page, "rabbitmq_channel_messages_published_total")).isEqualTo(11);
            assertThat(value(page, "rabbitmq_channel_messages_unroutable_dropped_total"))
                    .isEqualTo(1);
            assertThat(value(page, "rabbitmq_channels")).isEqualTo(2);
            assertThat(value(page, "rabbitmq_process_open_tcp_sockets")).isEqualTo(1);
            connection.abort();
            assertThat(value(
                            page(broker.admin().getPort(), "/metrics/detailed?family=channel_exchange_metrics"),
                            "mqbroker_metrics_left_out{of=\"channel\"}"))
                    .isZero();
            TimeUnit.MILLISECONDS.sleep(1100);
            assertThat(value(page(broker.admin().getPort(), "/metrics"), "rabbitmq_channel_messages_published_total"))
                    .as("of closed channels, too")
                    .isEqualTo(11);
        }
    }

    @Test
    void onlySoManyHaveNumbersOfTheirOwnAndOnlyOfWhatIsAskedFor() throws Exception {
        Path own = Files.createDirectory(folder.resolve("few"));
        try (TestBroker broker = new TestBroker(own, "{limits: {metric-queues: 1, metric-channels: 1}}");
                ManagementClient api = broker.management();
                Connection connection = load(broker.factory())) {
            assertThat(connection.isOpen()).isTrue();
            api.put("vhosts/v", "{}");
            api.put("permissions/v/guest", "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
            api.put("queues/v/other", "{}");
            String all = page(broker.admin().getPort(), "/metrics/per-object");
            assertThat(all.lines().filter(line -> line.startsWith("rabbitmq_queue_messages{")))
                    .hasSize(1);
            assertThat(all.lines().filter(line -> line.startsWith("rabbitmq_channel_consumers{")))
                    .hasSize(1);
            assertThat(value(all, "mqbroker_metrics_left_out{of=\"queue\"}")).isEqualTo(2);
            assertThat(value(all, "mqbroker_metrics_left_out{of=\"channel\"}")).isEqualTo(1);
            String one = page(broker.admin().getPort(), "/metrics/detailed?family=queue_coarse_metrics&vhost=v");
            assertThat(value(one, "rabbitmq_detailed_queue_messages{queue=\"other\",vhost=\"v\"}"))
                    .isZero();
            assertThat(one).contains("rabbitmq_detailed_queue_info{").doesNotContain("queue_consumers", "jvm_");
            assertThat(page(broker.admin().getPort(), "/metrics/memory-breakdown"))
                    .contains("rabbitmq_memory_binary_heap_bytes");
        }
    }

    @Test
    void sumsGoOnWhenExchangesAndVirtualHostsAreGone() throws Exception {
        Path own = Files.createDirectory(folder.resolve("gone"));
        List<String> counters = List.of(
                "rabbitmq_global_messages_routed_total{protocol=\"amqp091\"}",
                "rabbitmq_queue_messages_published_total",
                "rabbitmq_exchange_messages_published_total",
                "rabbitmq_exchange_messages_published_in_total",
                "rabbitmq_exchange_messages_published_out_total",
                "rabbitmq_exchange_messages_unroutable_total");
        try (TestBroker broker = new TestBroker(own, "{}");
                ManagementClient api = broker.management()) {
            api.put("vhosts/v", "{}");
            api.put("permissions/v/guest", "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
            for (String vhost : List.of("/", "v")) {
                ConnectionFactory factory = broker.factory();
                factory.setVirtualHost(vhost);
                try (Connection connection = factory.newConnection();
                        Channel channel = connection.createChannel()) {
                    channel.confirmSelect();
                    channel.exchangeDeclare("e", "fanout");
                    channel.basicPublish("e", "", null, new byte[1]);
                    channel.queueDeclare("q", true, false, false, null);
                    channel.queueBind("q", "e", "");
                    channel.basicPublish("e", "", null, new byte[1]);
                    channel.waitForConfirmsOrDie(20_000);
                }
            }
            String before = page(broker.admin().getPort(), "/metrics");
            api.delete("exchanges/%2F/e");
            api.delete("vhosts/v");
            TimeUnit.MILLISECONDS.sleep(1100);
            String after = page(broker.admin().getPort(), "/metrics");
            for (String counter : counters) {
                assertThat(value(before, counter)).as(counter).isPositive();
                assertThat(value(after, counter)).as(counter).isEqualTo(value(before, counter));
            }
        }
    }
}
