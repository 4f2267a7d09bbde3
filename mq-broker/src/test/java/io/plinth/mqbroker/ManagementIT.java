package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Users, permissions, virtual hosts, policies and definitions over the API, and what they mean to AMQP clients. */
class ManagementIT {
    /** The hash of "test12" in RabbitMQ's guide to passwords. */
    private static final String HASH = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR";

    @TempDir
    Path folder;

    private static Connection connect(TestBroker broker, String user, String password, String vhost) throws Exception {
        ConnectionFactory factory = broker.factory();
        factory.setUsername(user);
        factory.setPassword(password);
        factory.setVirtualHost(vhost);
        return factory.newConnection();
    }

    private static void until(String what, Callable<Boolean> holds) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!holds.call()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static String refusal(Throwable failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        return cause instanceof ShutdownSignalException signal
                ? String.valueOf(signal.getReason())
                : String.valueOf(cause);
    }

    private interface Work {
        void run(Channel channel) throws Exception;
    }

    private static void refused(Connection connection, String text, Work work) throws Exception {
        Channel channel = connection.createChannel();
        assertThatThrownBy(() -> work.run(channel))
                .satisfies(failure -> assertThat(refusal(failure)).contains(text));
    }

    @Test
    void definitionsOfRabbitMqComeInWithTheirUsersAndSurviveARestart() throws Exception {
        String definitions = """
            {"rabbit_version":"3.10.8","users":[{"name":"shop","password_hash":"%s",
             "hashing_algorithm":"rabbit_password_hashing_sha256","tags":"management","limits":{"max-channels":2}}],
             "vhosts":[{"name":"/"},{"name":"eu/west","metadata":{"description":"d","tags":["t"]}}],
             "permissions":[{"user":"shop","vhost":"eu/west","configure":"^shop","write":".*","read":".*"}],
             "topic_permissions":[{"user":"shop","vhost":"eu/west","exchange":"amq.topic","write":"^{username}\\\\.","read":".*"}],
             "parameters":[{"component":"vhost-limits","name":"limits","vhost":"eu/west","value":{"max-queues":2}}],
             "global_parameters":[{"name":"cluster_name","value":"moved"}],
             "policies":[{"vhost":"eu/west","name":"ttl","pattern":"^shop","apply-to":"queues",
               "definition":{"max-length":3,"dead-letter-exchange":"shop.dead"},"priority":5}],
             "queues":[{"name":"shop.orders","vhost":"eu/west","durable":true,"auto_delete":false,
               "arguments":{"x-max-length":10}}],
             "exchanges":[{"name":"shop.e","vhost":"eu/west","type":"topic","durable":true,"auto_delete":false,
               "internal":false,"arguments":{}}],
             "bindings":[{"source":"shop.e","vhost":"eu/west","destination":"shop.orders","destination_type":"queue",
               "routing_key":"order.#","arguments":{}}]}
            """.formatted(HASH);
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            assertThat(api.post("definitions", definitions).status()).isEqualTo(204);
            assertThat(api.post("definitions", definitions).status())
                    .as("again")
                    .isEqualTo(204);
        }
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management();
                Connection connection = connect(broker, "shop", "test12", "eu/west")) {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            for (int i = 0; i < 5; i++) {
                channel.basicPublish("shop.e", "order." + i, null, new byte[1]);
            }
            channel.waitForConfirmsOrDie(10_000);
            Map<?, ?> queue = api.get("queues/eu%2Fwest/shop.orders").object();
            assertThat(queue.get("messages")).as("the policy's lower limit").isEqualTo(3L);
            assertThat(queue.get("policy")).isEqualTo("ttl");
            assertThat(api.get("cluster-name").body()).contains("moved");
            refused(connection, "ACCESS_REFUSED", c -> {
                c.basicPublish("amq.topic", "b.c", null, new byte[0]);
                c.exchangeDeclarePassive("amq.topic");
            });
            Map<?, ?> out = api.get("definitions").object();
            assertThat(String.valueOf(out.get("users"))).contains(HASH);
            assertThat(String.valueOf(out.get("bindings"))).contains("order.#");
            assertThat(String.valueOf(out.get("policies"))).contains("shop.dead");
        }
    }

    @Test
    void everyOperationAsksForItsPermission() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            assertThat(api.put("users/u", "{\"password\":\"p\",\"tags\":\"\"}").status())
                    .isEqualTo(201);
            assertThatThrownBy(() -> connect(broker, "u", "p", "/"))
                    .satisfies(failure ->
                            assertThat(refusal(failure)).contains("access to vhost '/' refused for user 'u'"));
            assertThatThrownBy(() -> connect(broker, "u", "p", "none"))
                    .satisfies(failure -> assertThat(refusal(failure)).contains("vhost none not found"));
            api.put("permissions/%2F/u", "{\"configure\":\"^c\",\"write\":\"^w\",\"read\":\"^r\"}");
            api.put("queues/%2F/c", "{}");
            Connection connection = connect(broker, "u", "p", "/");
            connection.createChannel().queueDeclare("cq", false, false, false, null);
            refused(
                    connection,
                    "configure access to queue 'x' in vhost '/' refused for user 'u'",
                    c -> c.queueDeclare("x", false, false, false, null));
            refused(connection, "ACCESS_REFUSED", c -> c.exchangeDeclare("x", "direct"));
            refused(connection, "ACCESS_REFUSED", c -> c.queueDelete("x"));
            refused(connection, "ACCESS_REFUSED", c -> c.exchangeDelete("x"));
            refused(connection, "ACCESS_REFUSED", c -> c.queueBind("c", "r", ""));
            refused(connection, "ACCESS_REFUSED", c -> c.queueBind("w", "x", ""));
            refused(connection, "ACCESS_REFUSED", c -> c.exchangeBind("x", "r", ""));
            refused(connection, "read access to queue 'c'", c -> c.basicGet("c", true));
            refused(connection, "ACCESS_REFUSED", c -> c.basicConsume("c", (t, m) -> {}, t -> {}));
            refused(connection, "ACCESS_REFUSED", c -> c.queuePurge("c"));
            refused(connection, "write access to exchange 'amq.default' in vhost '/'", c -> {
                c.basicPublish("", "c", null, new byte[0]);
                c.queueDeclarePassive("c");
            });
            api.put("permissions/%2F/u", "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}");
            connection.createChannel().queueDeclare("x", false, false, false, null);
            CountDownLatch closed = new CountDownLatch(1);
            connection.addShutdownListener(cause -> closed.countDown());
            api.delete("users/u");
            assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
            assertThatThrownBy(() -> connect(broker, "u", "p", "/")).isInstanceOf(IOException.class);
        }
    }

    @Test
    void virtualHostsKeepTheirNamesApartAndGoWithAllTheyHave() throws Exception {
        Files.writeString(folder.resolve("pw"), "pw");
        try (TestBroker broker = new TestBroker(folder, "{ users: { root: { password: { file: pw } } } }");
                ManagementClient api = broker.management("root", "pw")) {
            assertThat(api.put("vhosts/other", "{}").status()).isEqualTo(201);
            CountDownLatch closed = new CountDownLatch(1);
            Connection two = connect(broker, "root", "pw", "other");
            try (Connection one = connect(broker, "root", "pw", "/")) {
                two.addShutdownListener(cause -> closed.countDown());
                one.createChannel().queueDeclare("q", true, false, false, Map.of("x-max-length", 1));
                Channel channel = two.createChannel();
                channel.queueDeclare("q", true, false, false, null);
                channel.confirmSelect();
                channel.basicPublish("", "q", null, new byte[3]);
                channel.waitForConfirmsOrDie(10_000);
                assertThat(api.get("queues/other/q").object().get("messages")).isEqualTo(1L);
                assertThat(api.get("queues/%2F/q").object().get("messages")).isEqualTo(0L);
                api.put("vhost-limits/other/max-queues", "{\"value\":1}");
                refused(
                        two,
                        "queue limit in vhost 'other' (1) is reached",
                        c -> c.queueDeclare("q2", true, false, false, null));
                api.put("vhost-limits/other/max-connections", "{\"value\":1}");
                assertThatThrownBy(() -> connect(broker, "root", "pw", "other"))
                        .satisfies(failure -> assertThat(refusal(failure)).contains("connection limit (1) is reached"));
                assertThat(api.delete("vhosts/other").status()).isEqualTo(204);
                assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(api.put("vhosts/other", "{}").status()).isEqualTo(201);
            assertThat(api.get("queues/other").list()).isEmpty();
        }
    }

    @Test
    void policiesChangeLivingQueuesAndExchanges() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management();
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            channel.queueDeclare("jobs", true, false, false, Map.of("x-max-length", 4));
            channel.queueDeclare("lost", true, false, false, null);
            channel.exchangeDeclare("in", "direct", true);
            for (int i = 0; i < 6; i++) {
                channel.basicPublish("", "jobs", null, new byte[1]);
            }
            channel.waitForConfirmsOrDie(10_000);
            assertThat(channel.messageCount("jobs")).isEqualTo(4);
            api.put("policies/%2F/short", "{\"pattern\":\"^jobs$\",\"definition\":{\"max-length\":2}}");
            until("trimmed by the policy", () -> channel.messageCount("jobs") == 2);
            api.put(
                    "operator-policies/%2F/op",
                    "{\"pattern\":\"jobs\",\"definition\":{\"max-length\":1},\"apply-to\":\"queues\"}");
            until("trimmed by the operator", () -> channel.messageCount("jobs") == 1);
            api.delete("policies/%2F/short");
            api.delete("operator-policies/%2F/op");
            until("without policy", () -> api.get("queues/%2F/jobs").object().get("policy") == null);
            for (int i = 0; i < 6; i++) {
                channel.basicPublish("", "jobs", null, new byte[1]);
            }
            channel.waitForConfirmsOrDie(10_000);
            assertThat(channel.messageCount("jobs")).isEqualTo(4);
            channel.queueBind("lost", "amq.fanout", "");
            api.put(
                    "policies/%2F/ae",
                    "{\"pattern\":\"^in$\",\"apply-to\":\"exchanges\",\"definition\":{\"alternate-exchange\":\"amq.fanout\"}}");
            channel.basicPublish("in", "nobody", null, new byte[1]);
            channel.waitForConfirmsOrDie(10_000);
            assertThat(channel.messageCount("lost")).isEqualTo(1);
            assertThat(api.put("policies/%2F/bad", "{\"pattern\":\"(\",\"definition\":{\"max-length\":2}}")
                            .status())
                    .isEqualTo(400);
            assertThat(api.put("policies/%2F/bad", "{\"pattern\":\"x\",\"definition\":{\"max-length\":\"two\"}}")
                            .status())
                    .isEqualTo(400);
        }
    }

    private static int status(ManagementClient api, String path, String document) throws Exception {
        return api.put(path, document).status();
    }

    @Test
    void whatNobodyWouldGoByIsRefused() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            String policy = "{\"pattern\":\"x\",\"definition\":{\"%s\":\"d\"}}";
            assertThat(api.put("policies/%2F/p", policy.formatted("bogus")).body())
                    .contains("Validation failed")
                    .contains("are not recognised policy settings");
            assertThat(status(api, "policies/%2F/p", policy.formatted("dead-letter-exchange")))
                    .isEqualTo(201);
            assertThat(status(api, "operator-policies/%2F/p", policy.formatted("dead-letter-exchange")))
                    .isEqualTo(400);
            assertThat(status(api, "policies/%2F/m", policy.formatted("queue-mode")))
                    .isEqualTo(400);
            assertThat(api.put("parameters/shovel/%2F/s", "{\"value\":{}}").body())
                    .contains("component shovel not found");
            assertThat(status(api, "users/u", "{\"password\":12,\"tags\":\"\"}"))
                    .isEqualTo(400);
            assertThat(status(api, "queues/%2F/amq.foo", "{}")).isEqualTo(401);
            assertThat(status(api, "exchanges/%2F/amq.foo", "{}")).isEqualTo(401);
            assertThat(status(api, "queues/%2F/q", "{\"durable\":\"maybe\"}")).isEqualTo(400);
            assertThat(status(api, "queues/%2F/q", "{\"auto_delete\":\"true\"}"))
                    .isEqualTo(201);
            assertThat(api.get("queues/%2F/q").body()).contains("\"durable\":false", "\"auto_delete\":true");
            assertThat(status(api, "exchanges/%2F/e", "{\"type\":\"direct\"}")).isEqualTo(201);
            assertThat(api.get("exchanges/%2F/e").body()).contains("\"durable\":false");
            assertThat(status(api, "queues/%2F/s", "{\"durable\":true,\"arguments\":{\"x-queue-type\":\"stream\"}}"))
                    .isEqualTo(201);
            assertThat(api.post(
                                    "queues/%2F/s/get",
                                    "{\"count\":5,\"ackmode\":\"ack_requeue_true\",\"encoding\":\"auto\"}")
                            .body())
                    .contains("basic.get not supported by stream queues");
            assertThat(api.delete("queues/%2F/s/contents").status()).isEqualTo(400);
            api.put(
                    "topic-permissions/%2F/guest",
                    "{\"exchange\":\"amq.topic\",\"write\":\"^{username}\",\"read\":\"\"}");
            api.put("topic-permissions/%2F/guest", "{\"exchange\":\"e\",\"write\":\"\",\"read\":\"\"}");
            assertThat(api.delete("topic-permissions/%2F/guest/e").status()).isEqualTo(204);
            String half =
                    "{\"vhosts\":[{\"name\":\"new\"}],\"queues\":[{\"name\":\"q\",\"vhost\":\"new\",\"durable\":true,"
                            + "\"arguments\":{\"x-max-length\":\"two\"}}]}";
            assertThat(api.post("definitions", half).status()).isEqualTo(400);
            assertThat(api.get("vhosts/new").status())
                    .as("nothing of it was taken")
                    .isEqualTo(404);
            assertThat(api.get("topic-permissions/%2F/guest").list()).hasSize(1);
        }
    }

    @Test
    void operatorPoliciesAreParametersAsInRabbitMqsDefinitions() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            Connection connection = broker.connect();
            String policy =
                    "{\"pattern\":\"^x\",\"definition\":{\"max-length\":9},\"apply-to\":\"queues\",\"priority\":3}";
            assertThat(status(api, "operator-policies/%2F/op", policy)).isEqualTo(201);
            String listed =
                    "[{\"vhost\":\"/\",\"name\":\"op\",\"component\":\"operator_policy\",\"value\":{\"pattern\":\"^x\","
                            + "\"apply-to\":\"queues\",\"definition\":{\"max-length\":9},\"priority\":3}}]";
            assertThat(api.get("parameters/operator_policy").body()).isEqualTo(listed);
            String all = api.get("definitions").body();
            assertThat(all).contains("\"parameters\":" + listed);
            assertThat(api.delete("operator-policies/%2F/op").status()).isEqualTo(204);
            assertThat(api.post("definitions", all).status()).isEqualTo(204);
            assertThat(api.get("operator-policies/%2F/op").object().get("priority"))
                    .isEqualTo(3L);
            until("listed", () -> !api.get("connections").list().isEmpty());
            Map<?, ?> shown = (Map<?, ?>) api.get("connections").list().getFirst();
            String name = String.valueOf(shown.get("name"));
            String path = "connections/" + URLEncoder.encode(name, UTF_8).replace("+", "%20");
            assertThat(api.delete(path, "moved elsewhere").status()).isEqualTo(204);
            until("closed", () -> !connection.isOpen());
            assertThat(String.valueOf(connection.getCloseReason())).contains("moved elsewhere");
        }
    }

    @Test
    void messagesGoInAndComeOut() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management();
                Connection connection = broker.connect()) {
            assertThat(api.put("queues/%2F/q", "{\"durable\":true}").status()).isEqualTo(201);
            assertThat(api.put("queues/%2F/q", "{\"durable\":true}").status()).isEqualTo(204);
            assertThat(api.put("queues/%2F/q", "{\"durable\":false}").body()).contains("inequivalent arg 'durable'");
            String message = "{\"properties\":{\"delivery_mode\":2,\"headers\":{\"n\":7},\"message_id\":\"m\","
                    + "\"timestamp\":99},\"routing_key\":\"q\",\"payload\":\"aGk=\",\"payload_encoding\":\"base64\"}";
            assertThat(api.post("exchanges/%2F/amq.default/publish", message).body())
                    .isEqualTo("{\"routed\":true}");
            assertThat(api.post("exchanges/%2F/amq.fanout/publish", message).body())
                    .isEqualTo("{\"routed\":false}");
            String longName = "k".repeat(256);
            assertThat(api.post("exchanges/%2F/amq.fanout/publish", message.replace("\"q\"", "\"" + longName + "\""))
                            .status())
                    .isEqualTo(400);
            assertThat(api.post("bindings/%2F/e/amq.fanout/q/q", "{\"routing_key\":\"" + longName + "\"}")
                            .status())
                    .isEqualTo(400);
            assertThat(api.put("policies/%2F/long", "{\"pattern\":\"^$\",\"definition\":{\"" + longName + "\":1}}")
                            .status())
                    .isEqualTo(400);
            assertThat(api.put("queues/%2F/nested", "{\"arguments\":{\"a\":[{\"" + longName + "\":1}]}}")
                            .status())
                    .isEqualTo(400);
            ManagementClient.Answer peeked = api.post(
                    "queues/%2F/q/get", "{\"count\":5,\"ackmode\":\"ack_requeue_true\",\"encoding\":\"auto\"}");
            assertThat(peeked.body())
                    .contains("\"payload\":\"hi\"", "\"n\":7", "\"message_id\":\"m\"", "\"timestamp\":99");
            AMQP.BasicProperties got =
                    connection.createChannel().basicGet("q", true).getProps();
            assertThat(got.getMessageId()).isEqualTo("m");
            assertThat(got.getHeaders()).containsEntry("n", 7L);
            api.post("exchanges/%2F/amq.default/publish", message);
            assertThat(api.delete("queues/%2F/q/contents").status()).isEqualTo(204);
            assertThat(api.get("queues/%2F/q").object().get("messages")).isEqualTo(0L);
            assertThat(api.get("aliveness-test/%2F").body()).isEqualTo("{\"status\":\"ok\"}");
            history(api);
            assertThat(api.delete("queues/%2F/q").status()).isEqualTo(204);
            assertThat(api.delete("queues/%2F/q").status()).isEqualTo(404);
            for (String sum : List.of("vhosts/%2F", "overview")) {
                Map<?, ?> stats = in(api.get(sum).object(), "message_stats");
                // One by this test, one by the check that the broker lives.
                assertThat(stats.get("get_no_ack")).as(sum).isEqualTo(2L);
                assertThat(stats.get("get")).as(sum).isEqualTo(1L);
            }
            Map<?, ?> churn = in(api.get("overview").object(), "churn_rates");
            Map<String, Long> counted = new TreeMap<>();
            churn.forEach((name, count) -> {
                if (count instanceof Long number) {
                    counted.put(String.valueOf(name), number);
                }
            });
            // Two queues, of which one was declared again, and of which one is gone.
            assertThat(counted)
                    .isEqualTo(Map.of(
                            "channel_closed", 0L,
                            "channel_created", 1L,
                            "connection_closed", 0L,
                            "connection_created", 1L,
                            "queue_created", 2L,
                            "queue_declared", 3L,
                            "queue_deleted", 1L));
            Map<?, ?> node = (Map<?, ?>)
                    api.get("nodes?node_stats_age=60&node_stats_incr=5").list().getFirst();
            for (String name : List.of("mem_used", "fd_used", "sockets_used", "io_write_bytes", "queue_created")) {
                assertThat(samples(in(node, name + "_details"))).as(name).isNotEmpty();
            }
        }
    }

    private static Map<?, ?> in(Map<?, ?> outer, String name) {
        return (Map<?, ?>) Objects.requireNonNull(outer.get(name), name);
    }

    private static List<?> samples(Map<?, ?> details) {
        return (List<?>) Objects.requireNonNull(details.get("samples"));
    }

    private static void history(ManagementClient api) throws Exception {
        String asked = "queues/%2F/q?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5";
        Map<?, ?> queue = api.get(asked).object();
        assertThat(samples(in(queue, "messages_details"))).isNotEmpty();
        assertThat(in(queue, "messages_details").get("avg")).isEqualTo(0.0);
        Object newest =
                samples(in(in(queue, "message_stats"), "get_no_ack_details")).getFirst();
        assertThat(String.valueOf(newest)).startsWith("{sample=1, timestamp=");
        assertThat(api.get("queues?lengths_age=x&lengths_incr=5").status()).isEqualTo(400);
    }

    @Test
    void listsComeSortedInPagesAndColumns() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            for (int i = 0; i < 12; i++) {
                api.put("queues/%2F/q" + i, "{}");
            }
            Map<?, ?> page = api.get("queues?page=2&page_size=5&name=q&sort=name&sort_reverse=true&columns=name")
                    .object();
            assertThat(page.get("total_count")).isEqualTo(12L);
            assertThat(page.get("page_count")).isEqualTo(3L);
            assertThat((List<?>) page.get("items")).hasSize(5);
            assertThat(String.valueOf(page.get("items"))).startsWith("[{name=q4}");
            assertThat(api.get("queues?page=9&page_size=5").status()).isEqualTo(400);
        }
    }

    @Test
    void whoMayNotIsToldSo() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{ management: { body: 64KiB } }");
                ManagementClient api = broker.management();
                ManagementClient stranger = broker.management("guest", "wrong");
                ManagementClient plain = broker.management("plain", "p");
                ManagementClient manager = broker.management("manager", "p")) {
            api.put("users/plain", "{\"password\":\"p\",\"tags\":\"\"}");
            api.put("users/manager", "{\"password\":\"p\",\"tags\":\"management\"}");
            api.put("vhosts/hidden", "{}");
            api.put("permissions/%2F/manager", "{\"configure\":\"^m\",\"write\":\"\",\"read\":\"\"}");
            assertThat(stranger.get("whoami").status()).isEqualTo(401);
            assertThat(plain.get("whoami").body()).contains("Not management user");
            assertThat(manager.get("whoami").body()).contains("\"name\":\"manager\"");
            assertThat(manager.get("users").body()).contains("Not administrator user");
            assertThat(manager.get("queues/hidden").status()).isEqualTo(401);
            assertThat(manager.put("queues/%2F/mine", "{}").status()).isEqualTo(201);
            assertThat(manager.put("queues/%2F/yours", "{}").body()).contains("ACCESS_REFUSED");
            assertThat(manager.get("vhosts").body()).doesNotContain("hidden");
            assertThat(manager.get("vhosts/%2F").status()).isEqualTo(401);
            api.put("users/monitor", "{\"password\":\"p\",\"tags\":\"monitoring\"}");
            try (ManagementClient monitor = broker.management("monitor", "p")) {
                assertThat(monitor.get("vhosts").body()).contains("hidden");
                assertThat(monitor.get("queues/hidden").status()).isEqualTo(401);
                assertThat(monitor.get("queues").body()).isEqualTo("[]");
            }
            assertThat(api.send("OPTIONS", "queues", "").status()).isEqualTo(200);
            for (String path : List.of("vhosts/nosuch/connections", "vhosts/nosuch/channels", "vhost-limits/nosuch")) {
                assertThat(api.get(path).status()).as(path).isEqualTo(404);
            }
            assertThat(api.put("permissions/nosuch/guest", "{}").body()).contains("vhost_or_user_not_found");
            assertThat(api.put("users/x", "{\"password_hash\":\"bad\",\"tags\":\"\"}")
                            .body())
                    .contains("not_base64");
            assertThat(api.put("users/x", "{\"password_hash\":\"\",\"password\":\"p\",\"tags\":\"\"}")
                            .status())
                    .isEqualTo(400);
            assertThat(api.get("queues?page=9").body()).contains("\"error\":\"page_out_of_range\"");
            assertThat(api.get("queues?page=0").body()).contains("\"error\":\"invalid_pagination_parameters\"");
            assertThat(api.get("queues?page=1&name=nowhere").body()).contains("\"page_count\":0");
            assertThat(api.get("nosuch").status()).isEqualTo(404);
            assertThat(api.post("whoami", "{}").status()).isEqualTo(405);
            assertThat(api.put("queues/%2F/x", "{nonsense").status()).isEqualTo(400);
            assertThat(api.put("queues/%2F/x", "\"" + "x".repeat(100_000) + "\"")
                            .status())
                    .isEqualTo(413);
            assertThat(api.get("health/checks/port-listener/1").status()).isEqualTo(503);
        }
    }
}
