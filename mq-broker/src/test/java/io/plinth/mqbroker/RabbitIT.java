package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.ShutdownSignalException;
import io.plinth.testkit.RabbitServer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beside Debian's RabbitMQ: the same requests to both have the same status, and answers of the same fields and types. */
@RequiresPeer("rabbitmq-server")
class RabbitIT {
    /** Fields of RabbitMQ's that tell of Erlang's processes and of storage this broker does not have. */
    private static final Set<String> INSIDE_RABBITMQ = Set.of(
            "backing_queue_status",
            "garbage_collection",
            "recv_cnt",
            "send_cnt",
            "idle_since",
            "contexts",
            "applications",
            "auth_mechanisms",
            "socket_opts",
            "log_files",
            "config_files",
            "enabled_plugins",
            "db_dir",
            "javascript",
            "sample_retention_policies",
            "ra_open_file_metrics",
            "metrics_gc_queue_length",
            "cluster_state");
    /** What a node tells of Erlang's I/O and database. */
    private static final List<String> OF_ERLANG = List.of(
            "mnesia_",
            "io_read_avg",
            "io_write_avg",
            "io_sync_",
            "io_seek_",
            "io_reopen_",
            "msg_store_",
            "queue_index_",
            "context_switches",
            "gc_bytes");

    private static final String AGES =
            "msg_rates_age=60&msg_rates_incr=5&lengths_age=60&lengths_incr=5&data_rates_age=60&data_rates_incr=5"
                    + "&node_stats_age=60&node_stats_incr=5";

    /** What is read of both; {@code AGES} asks for history, {@code NODE} is the node's name. */
    private static final String PATHS = """
        overview nodes connections channels consumers consumers/%2F exchanges exchanges/%2F exchanges/%2F/e1
        queues queues/%2F queues/%2F/q1 queues/%2F/q2 queues/%2F/q2/bindings
        exchanges/%2F/e1/bindings/source bindings bindings/%2F bindings/%2F/e/e1/q/q1
        bindings/%2F/e/e1/q/q1/a.%2523 vhosts vhosts/%2F vhosts/%2F/permissions vhosts/%2F/connections
        vhosts/%2F/channels users users/u users/u/permissions users/u/topic-permissions
        users/without-permissions permissions permissions/%2F/u topic-permissions topic-permissions/%2F/u
        policies policies/%2F/p operator-policies parameters global-parameters global-parameters/g
        vhost-limits vhost-limits/v user-limits user-limits/u definitions definitions/%2F whoami auth
        cluster-name feature-flags aliveness-test/%2F health/checks/alarms health/checks/local-alarms
        health/checks/certificate-expiration/1/months health/checks/port-listener/1
        health/checks/protocol-listener/amqp health/checks/protocol-listener/mqtt
        health/checks/virtual-hosts health/checks/node-is-mirror-sync-critical
        health/checks/node-is-quorum-critical healthchecks/node health/checks/port-listener/x
        health/checks/certificate-expiration/1/hours health/checks/certificate-expiration/x/days
        queues?disable_stats=true queues?disable_stats=true&enable_queue_totals=true
        queues/%2F/q2?disable_stats=true exchanges?page=1&page_size=2&sort=name&sort_reverse=true
        connections?page=1&columns=name channels?page=1&columns=name,user vhosts?page=1 queues/%2F?page=9
        auth/attempts/NODE auth/attempts/NODE/source auth/attempts/nosuch nodes/NODE/memory
        nodes/NODE/memory/relative nodes/nosuch/memory queues?page=1&page_size=1&name=q&sort=name
        queues?columns=name,messages overview?AGES nodes?AGES queues/%2F/q2?AGES exchanges/%2F/e1?AGES
        connections?AGES channels?AGES vhosts/%2F?AGES nosuch queues/%2F/nosuch queues/nosuch
        exchanges/%2F/nosuch vhosts/nosuch users/nosuch bindings/%2F/e/e1/q/q1/nosuch policies/%2F/nosuch
        parameters/none/%2F/none
        """;

    @TempDir
    static Path folder;

    private static @Nullable RabbitServer rabbit;
    private static @Nullable TestBroker plinth;

    @BeforeAll
    static void start() throws Exception {
        Path own = java.nio.file.Files.createDirectory(folder.resolve("plinth"));
        rabbit = new RabbitServer(java.nio.file.Files.createDirectory(folder.resolve("rabbit")));
        plinth = new TestBroker(own, "{}");
    }

    @AfterAll
    static void stop() throws Exception {
        if (plinth != null) {
            plinth.close();
        }
        if (rabbit != null) {
            rabbit.close();
        }
    }

    /** The same things on both. */
    private static Connection load(ConnectionFactory factory, ManagementClient api) throws Exception {
        for (String path : List.of("vhosts/v", "users/u")) {
            api.put(path, "{\"tags\":\"management\",\"password\":\"p\"}");
        }
        api.put("permissions/v/guest", "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
        api.put("permissions/%2F/u", "{\"configure\":\"^c\",\"write\":\"^w\",\"read\":\"^r\"}");
        api.put("topic-permissions/%2F/u", "{\"exchange\":\"amq.topic\",\"write\":\"^w\",\"read\":\".*\"}");
        api.put("policies/%2F/p", "{\"pattern\":\"^q2$\",\"definition\":{\"max-length\":100},\"apply-to\":\"queues\"}");
        api.put("vhost-limits/v/max-queues", "{\"value\":10}");
        api.put("user-limits/u/max-channels", "{\"value\":5}");
        api.put("global-parameters/g", "{\"value\":\"a\"}");
        Connection connection = factory.newConnection("probe");
        Channel channel = connection.createChannel();
        channel.confirmSelect();
        channel.queueDeclare("q1", true, false, false, Map.of("x-message-ttl", 600_000));
        channel.queueDeclare("q2", false, false, false, null);
        channel.exchangeDeclare("e1", "topic", true, false, Map.of("alternate-exchange", "amq.fanout"));
        channel.queueBind("q1", "e1", "a.#");
        channel.queueBind("q2", "amq.headers", "", Map.of("x-match", "all", "h", 1));
        for (int i = 0; i < 20; i++) {
            channel.basicPublish(
                    "e1",
                    "a.b",
                    new AMQP.BasicProperties.Builder().deliveryMode(2).build(),
                    new byte[100]);
            channel.basicPublish("", "q2", null, new byte[10]);
        }
        channel.waitForConfirmsOrDie(10_000);
        Channel consuming = connection.createChannel();
        consuming.basicQos(5);
        consuming.basicConsume(
                "q2",
                false,
                "ct",
                (tag, message) -> {
                    if (message.getEnvelope().getDeliveryTag() <= 3) {
                        consuming.basicAck(message.getEnvelope().getDeliveryTag(), false);
                    }
                },
                tag -> {});
        consuming.basicGet("q1", false);
        return connection;
    }

    /** Fields with their types; of lists, all items' fields together. */
    private static void shape(String path, @Nullable Object value, Map<String, String> into) {
        switch (value) {
            case null -> into.putIfAbsent(path, "null");
            case Map<?, ?> map -> {
                into.put(path, "object");
                map.forEach((key, inner) -> {
                    String name = String.valueOf(key);
                    if (!INSIDE_RABBITMQ.contains(name) && OF_ERLANG.stream().noneMatch(name::startsWith)) {
                        shape(path + "." + name, inner, into);
                    }
                });
            }
            case List<?> list -> {
                into.put(path, "list");
                list.forEach(item -> shape(path + "[]", item, into));
            }
            case Number number -> into.put(path, "number");
            default -> into.put(path, value.getClass().getSimpleName());
        }
    }

    private static Map<String, String> shape(ManagementClient.Answer answer) throws IOException {
        Map<String, String> shape = new TreeMap<>();
        shape("", answer.json(), shape);
        return shape;
    }

    @Test
    void answersHaveRabbitMqsFieldsAndTypes() throws Exception {
        RabbitServer theirs = Objects.requireNonNull(rabbit);
        TestBroker ours = Objects.requireNonNull(plinth);
        try (ManagementClient their = new ManagementClient(theirs.httpPort(), "guest", "guest");
                ManagementClient our = ours.management();
                Connection one = load(TestBroker.factory(theirs.port()), their);
                Connection two = load(ours.factory(), our)) {
            assertThat(List.of(one.isOpen(), two.isOpen())).containsOnly(true);
            awaitStatistics(their);
            List<String> wrong = new ArrayList<>();
            for (String path : PATHS.strip().split("\\s+", -1)) {
                ManagementClient.Answer expected = their.get(read(path, their));
                ManagementClient.Answer got = our.get(read(path, our));
                if (expected.status() != got.status()) {
                    wrong.add(path + ": status " + got.status() + " (RabbitMQ: " + expected.status() + ")");
                    continue;
                }
                Map<String, String> has = shape(got);
                shape(expected).forEach((field, type) -> {
                    String own = has.get(field);
                    if (own == null || (!own.equals(type) && !own.equals("null") && !type.equals("null"))) {
                        wrong.add(path + field + ": " + own + " (RabbitMQ: " + type + ")");
                    }
                });
            }
            assertThat(wrong).isEmpty();
        }
    }

    private static String read(String path, ManagementClient api) throws Exception {
        return (path.contains("NODE") ? path.replace("NODE", node(api)) : path).replace("AGES", AGES);
    }

    private static String node(ManagementClient api) throws Exception {
        return String.valueOf(api.get("overview?columns=node").object().get("node"));
    }

    /** RabbitMQ's numbers come late. */
    private static void awaitStatistics(ManagementClient api) throws Exception {
        for (int i = 0; i < 200; i++) {
            Map<?, ?> queue = api.get("queues/%2F/q2").object();
            if (queue.containsKey("message_stats")
                    && !api.get("channels").list().isEmpty()
                    && api.get("channels").body().contains("\"ack\":3")
                    // An empty list before it knows of the connection.
                    && !api.get("channels").body().contains("\"connection_details\":[]")
                    && api.get("exchanges/%2F/e1").body().contains("publish_in")
                    && !api.get("consumers").list().isEmpty()
                    && api.get("overview").body().contains("messages_ready")) {
                return;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new AssertionError("RabbitMQ has no statistics");
    }

    private interface Work {
        void run(Channel channel) throws Exception;
    }

    private static String refusal(Connection connection, Work work) throws Exception {
        Channel channel = connection.createChannel();
        try {
            work.run(channel);
            channel.exchangeDeclarePassive("amq.direct");
            channel.close();
            return "allowed";
        } catch (IOException | ShutdownSignalException e) {
            ShutdownSignalException signal = e instanceof ShutdownSignalException s
                    ? s
                    : (ShutdownSignalException) Objects.requireNonNull(e.getCause());
            return signal.getReason() instanceof AMQP.Channel.Close close
                    ? close.getReplyCode() + " " + close.getReplyText()
                    : String.valueOf(signal.getReason());
        }
    }

    /** Method, path and body. */
    private static final String CHANGES = """
        PUT vhosts/changed {}
        PUT queues/%2F/acted {"durable":true}
        POST queues/%2F/acted/actions {"action":"sync"}
        POST queues/%2F/acted/actions {"action":"cancel_sync"}
        POST queues/%2F/acted/actions {"action":"foo"}
        POST queues/%2F/acted/actions {}
        POST rebalance/queues {}
        PUT vhost-limits/changed/max-connections {"value":300}
        PUT vhost-limits/changed/max-foo {"value":300}
        PUT vhost-limits/changed/max-queues {}
        PUT parameters/vhost-limits/changed/limits {"value":{"max-foo":5}}
        PUT parameters/vhost-limits/changed/limits {"value":{"max-queues":"x"}}
        DELETE vhost-limits/changed/max-connections
        DELETE vhost-limits/changed/max-connections
        POST login {"username":"guest","password":"wrong"}
        POST exchanges/%2F/amq.default/publish {"properties":{"delivery_mode":"2"},"routing_key":"acted",\
        "payload":"m","payload_encoding":"string"}
        POST exchanges/%2F/amq.default/publish {"properties":{"delivery_mode":2},"routing_key":"acted",\
        "payload":"m","payload_encoding":"string"}
        POST queues/%2F/acted/get {"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}
        POST definitions {"queues":[{"name":"acted","vhost":"/","durable":false,"auto_delete":false,\
        "arguments":{"x-max-length":4}}]}
        POST definitions {"queues":[{"name":"x","vhost":"nosuch","durable":true,"auto_delete":false,"arguments":{}}]}
        POST definitions {"users":[{"name":"b","password_hash":"x","tags":""}]}
        POST definitions {"users":[{"name":"b"}]}
        POST definitions {"permissions":[{"user":"nobody","vhost":"/","configure":".*","write":".*","read":".*"}]}
        POST definitions []
        DELETE auth/attempts/NODE
        DELETE queues/%2F/acted
        DELETE vhosts/changed
        """;

    @Test
    void changesAreTakenAndRefusedAsByRabbitMq() throws Exception {
        RabbitServer theirs = Objects.requireNonNull(rabbit);
        TestBroker ours = Objects.requireNonNull(plinth);
        try (ManagementClient their = new ManagementClient(theirs.httpPort(), "guest", "guest");
                ManagementClient our = ours.management()) {
            for (String request : CHANGES.strip().split("\n", -1)) {
                String[] parts = (request + " ").split(" ", 3);
                ManagementClient.Answer expected = their.send(parts[0], read(parts[1], their), parts[2].strip());
                ManagementClient.Answer got = our.send(parts[0], read(parts[1], our), parts[2].strip());
                assertThat(got.status())
                        .as("%s: %s (RabbitMQ: %s)", request, got.body(), expected.body())
                        .isEqualTo(expected.status());
                if (expected.status() == 200 && !expected.body().isEmpty()) {
                    assertThat(shape(got)).as(request).containsAllEntriesOf(shape(expected));
                }
            }
        }
    }

    @Test
    void refusalsAreWordedAsRabbitMqs() throws Exception {
        List<List<String>> texts = new ArrayList<>();
        RabbitServer theirs = Objects.requireNonNull(rabbit);
        TestBroker ours = Objects.requireNonNull(plinth);
        for (ConnectionFactory factory : List.of(TestBroker.factory(theirs.port()), ours.factory())) {
            try (ManagementClient api = factory.getPort() == ours.address().getPort()
                    ? ours.management()
                    : new ManagementClient(theirs.httpPort(), "guest", "guest")) {
                api.put("users/t", "{\"tags\":\"\",\"password\":\"p\"}");
                api.put("permissions/%2F/t", "{\"configure\":\"^c\",\"write\":\"^w|topic\",\"read\":\"^r|direct\"}");
                api.put("topic-permissions/%2F/t", "{\"exchange\":\"amq.topic\",\"write\":\"^w\",\"read\":\".*\"}");
            }
            factory.setUsername("t");
            factory.setPassword("p");
            List<String> told = new ArrayList<>();
            try (Connection connection = factory.newConnection()) {
                told.add(refusal(connection, c -> c.queueDeclare("x", false, false, true, null)));
                told.add(refusal(
                        connection,
                        c -> c.queueDeclare("c", false, false, true, Map.of("x-dead-letter-exchange", "x"))));
                told.add(refusal(connection, c -> c.exchangeDeclare("x", "direct")));
                told.add(refusal(connection, c -> c.exchangeDelete("x")));
                told.add(refusal(connection, c -> c.queueDelete("x")));
                told.add(refusal(connection, c -> c.queueBind("x", "r", "")));
                told.add(refusal(connection, c -> c.queueBind("w", "x", "")));
                told.add(refusal(connection, c -> c.queueUnbind("x", "r", "")));
                told.add(refusal(connection, c -> c.exchangeBind("x", "r", "")));
                told.add(refusal(connection, c -> c.exchangeBind("w", "x", "")));
                told.add(refusal(connection, c -> c.basicGet("x", true)));
                told.add(refusal(connection, c -> c.basicConsume("x", (t, m) -> {}, t -> {})));
                told.add(refusal(connection, c -> c.queuePurge("x")));
                told.add(refusal(connection, c -> c.basicPublish("", "x", null, new byte[0])));
                told.add(refusal(connection, c -> c.basicPublish("x", "x", null, new byte[0])));
                told.add(refusal(connection, c -> c.basicPublish("amq.topic", "x", null, new byte[0])));
                told.add(refusal(connection, c -> c.basicPublish("amq.topic", "w", null, new byte[0])));
            }
            texts.add(told);
        }
        // Releases after 3.10 say which access is refused, and so does this broker.
        assertThat(texts.get(1).stream().map(text -> text.replaceFirst("- (configure|write|read) access", "- access")))
                .isEqualTo(texts.get(0));
    }

    /** What a queue on the firehose gets of a publish to an exchange, one that no queue takes, a delivery and a get over the API. */
    private static List<String> traced(ConnectionFactory factory, ManagementClient api) throws Exception {
        List<String> seen = new ArrayList<>();
        try (Connection connection = factory.newConnection()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("traced", false, false, false, Map.of());
            channel.queueBind("traced", "amq.direct", "k");
            channel.queueDeclare("hose", false, false, true, Map.of());
            for (String key : List.of("publish.#", "deliver.traced")) {
                channel.queueBind("hose", "amq.rabbitmq.trace", key);
            }
            assertThat(api.put("vhosts/%2F", "{\"tracing\":true}").status()).isEqualTo(204);
            assertThat(api.get("vhosts/%2F").object().get("tracing")).isEqualTo(true);
            AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                    .contentType("text/plain")
                    .deliveryMode(1)
                    .priority(3)
                    .messageId("m")
                    .headers(Map.of("h", "v", "CC", List.of("copy")))
                    .build();
            channel.basicPublish("amq.direct", "k", properties, new byte[] {1, 2});
            channel.basicPublish("amq.fanout", "nowhere", null, new byte[] {3});
            channel.basicPublish("", "traced", null, new byte[] {4});
            Deliveries consumer = Deliveries.of(channel, "traced");
            consumer.next();
            for (int i = 0; i < 5; i++) {
                seen.add(told(Deliveries.take(channel, "hose")));
            }
            channel.basicCancel(consumer.tag);
            channel.basicPublish("", "traced", null, new byte[] {5});
            String get = "{\"count\":1,\"ackmode\":\"ack_requeue_false\",\"encoding\":\"auto\"}";
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (api.post("queues/%2F/traced/get", get).list().isEmpty()) {
                assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            }
            for (int i = 0; i < 2; i++) {
                seen.add(told(Deliveries.take(channel, "hose")));
            }
            assertThat(api.put("vhosts/%2F", "{\"tracing\":false}").status()).isEqualTo(204);
            channel.basicPublish("amq.direct", "k", null, new byte[] {5});
            channel.confirmSelect();
            channel.basicPublish("amq.direct", "k", null, new byte[] {6});
            channel.waitForConfirmsOrDie(20_000);
            assertThat(channel.messageCount("hose")).isZero();
            channel.queueDelete("hose");
            channel.queueDelete("traced");
        }
        Collections.sort(seen);
        return seen;
    }

    private static String told(GetResponse copy) {
        Map<String, Object> headers = new TreeMap<>(copy.getProps().getHeaders());
        // RabbitMQ has a process of its own for each request of the API.
        assertThat(String.valueOf(headers.remove("connection"))).containsPattern(" -> |<|management");
        assertThat(String.valueOf(headers.remove("node"))).contains("@");
        Map<String, Object> sorted = new TreeMap<>();
        headers.forEach((name, value) -> sorted.put(name, value instanceof Map<?, ?> map ? sorted(map) : value));
        return copy.getEnvelope().getRoutingKey() + " " + copy.getEnvelope().getExchange() + " "
                + Arrays.toString(copy.getBody()) + " " + sorted;
    }

    private static Map<String, String> sorted(Map<?, ?> map) {
        Map<String, String> sorted = new TreeMap<>();
        map.forEach((key, value) -> sorted.put(
                String.valueOf(key), String.valueOf(value instanceof Map<?, ?> inner ? sorted(inner) : value)));
        return sorted;
    }

    @Test
    void theFirehoseTellsWhatRabbitMqsTells() throws Exception {
        RabbitServer theirs = Objects.requireNonNull(rabbit);
        TestBroker ours = Objects.requireNonNull(plinth);
        try (ManagementClient their = new ManagementClient(theirs.httpPort(), "guest", "guest");
                ManagementClient our = ours.management()) {
            List<String> expected = traced(TestBroker.factory(theirs.port()), their);
            assertThat(expected).hasSize(7);
            assertThat(traced(ours.factory(), our)).isEqualTo(expected);
        }
    }

    @Test
    void rabbitmqadminWorks() throws Exception {
        String port =
                Integer.toString(Objects.requireNonNull(plinth).management().port());
        assertThat(admin(port, "declare", "queue", "name=ra", "durable=true")).contains("queue declared");
        assertThat(admin(port, "declare", "exchange", "name=rae", "type=direct"))
                .contains("exchange declared");
        assertThat(admin(port, "declare", "binding", "source=rae", "destination=ra", "routing_key=k"))
                .contains("binding declared");
        assertThat(admin(port, "publish", "exchange=rae", "routing_key=k", "payload=hello"))
                .contains("Message published");
        assertThat(admin(port, "get", "queue=ra", "ackmode=ack_requeue_false")).contains("hello");
        assertThat(admin(port, "list", "queues", "name", "messages")).contains("ra");
        assertThat(admin(port, "list", "bindings")).contains("rae");
        assertThat(admin(port, "show", "overview")).contains("rabbitmq_version");
        assertThat(admin(port, "list", "nodes")).contains("rabbit@mq");
        assertThat(admin(port, "declare", "policy", "name=rp", "pattern=^ra$", "definition={\"max-length\":9}"))
                .contains("policy declared");
        assertThat(admin(port, "list", "policies")).contains("max-length");
        assertThat(admin(port, "declare", "user", "name=rau", "password=p", "tags=monitoring"))
                .contains("user declared");
        assertThat(admin(
                        port,
                        "delete",
                        "binding",
                        "source=rae",
                        "destination_type=queue",
                        "destination=ra",
                        "properties_key=k"))
                .contains("binding deleted");
        assertThat(admin(port, "purge", "queue", "name=ra")).contains("queue purged");
        assertThat(admin(port, "delete", "queue", "name=ra")).contains("queue deleted");
        Path exported = folder.resolve("exported.json");
        assertThat(admin(port, "export", exported.toString())).contains("Exported definitions");
        assertThat(admin(port, "import", exported.toString())).contains("Uploaded definitions");
    }

    private static String admin(String port, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(
                List.of("/usr/bin/python3", "/usr/bin/rabbitmqadmin", "-P", port, "-u", "guest", "-p", "guest"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }
}
