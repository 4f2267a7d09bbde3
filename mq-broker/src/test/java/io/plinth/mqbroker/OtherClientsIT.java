package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.plinth.testkit.RequiresPeer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that are not Java's: Debian's packages of them. */
class OtherClientsIT {
    /** Debian's own, which has Debian's modules. */
    private static final String PYTHON = "/usr/bin/python3";

    @TempDir
    Path folder;

    private String run(String... command) throws Exception {
        Path output = Files.createTempFile(folder, "out", ".log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(60, TimeUnit.SECONDS);
        process.destroy();
        String text = Files.readString(output, StandardCharsets.UTF_8);
        assertThat(ended).as(text).isTrue();
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    @Test
    @RequiresPeer({"amqp-publish", "amqp-get", "amqp-declare-queue", "amqp-delete-queue"})
    void amqpTools() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}")) {
            String url =
                    "--url=amqp://guest:guest@127.0.0.1:" + broker.address().getPort() + "/%2F";
            assertThat(run("amqp-declare-queue", url, "-d", "-q", "tools")).contains("tools");
            run("amqp-publish", url, "-p", "-r", "tools", "-b", "hello");
            assertThat(run("amqp-get", url, "-q", "tools")).isEqualTo("hello");
            run("amqp-delete-queue", url, "-q", "tools");
        }
    }

    @Test
    @RequiresPeer("rabbitmq-server") // deploy/bench/peers installs pika beside it
    void pika() throws Exception {
        Path script = folder.resolve("client.py");
        Files.writeString(script, """
            import pika, sys
            c = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1', int(sys.argv[1])))
            ch = c.channel()
            ch.confirm_delivery()
            ch.queue_declare('p', durable=True)
            ch.exchange_declare('pe', 'topic', durable=True)
            ch.queue_bind('p', 'pe', 'a.#')
            for i in range(200):
                ch.basic_publish('pe', 'a.%d' % i, b'%d' % i, pika.BasicProperties(delivery_mode=2), mandatory=True)
            try:
                ch.basic_publish('pe', 'b', b'x', mandatory=True)
                sys.exit('no return')
            except pika.exceptions.UnroutableError:
                pass
            ch.basic_qos(prefetch_count=10)
            got = []
            for method, props, body in ch.consume('p', inactivity_timeout=20):
                if method is None:
                    sys.exit('only %d' % len(got))
                got.append(int(body))
                ch.basic_ack(method.delivery_tag)
                if len(got) == 200:
                    break
            ch.cancel()
            assert got == list(range(200)), got
            c.close()
            print('fine')
            """);
        try (TestBroker broker = new TestBroker(folder, "{}")) {
            assertThat(run(
                            PYTHON,
                            script.toString(),
                            Integer.toString(broker.address().getPort())))
                    .contains("fine");
        }
    }

    @Test
    @RequiresPeer("rabbitmq-server") // and Celery
    void celeryWithCountdownAndLateAcks() throws Exception {
        Files.writeString(folder.resolve("tasks.py"), """
            import os
            from celery import Celery
            app = Celery('tasks', broker='amqp://guest:guest@127.0.0.1:%s//' % os.environ['PORT'], backend='rpc://')
            app.conf.task_acks_late = True
            app.conf.worker_prefetch_multiplier = 1
            @app.task
            def add(a, b):
                return a + b
            """);
        Files.writeString(folder.resolve("ask.py"), """
            from tasks import add
            now = [add.delay(i, i) for i in range(20)]
            later = [add.apply_async((i, 1), countdown=2) for i in range(5)]
            assert [r.get(timeout=40) for r in now] == [2 * i for i in range(20)]
            assert [r.get(timeout=40) for r in later] == [i + 1 for i in range(5)]
            print('fine')
            """);
        try (TestBroker broker = new TestBroker(folder, "{}")) {
            String port = Integer.toString(broker.address().getPort());
            ProcessBuilder builder = new ProcessBuilder(
                    PYTHON, "-m", "celery", "-A", "tasks", "worker", "--pool=solo", "--loglevel=WARNING");
            builder.environment().put("PORT", port);
            builder.environment().put("C_FORCE_ROOT", "1");
            Process worker = builder.directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("worker.log").toFile())
                    .start();
            try {
                assertThat(run("env", "PORT=" + port, PYTHON, "ask.py")).contains("fine");
            } finally {
                worker.destroy();
                worker.waitFor(20, TimeUnit.SECONDS);
                worker.destroyForcibly();
            }
        }
    }

    /**
     * All tests that the npm package ships, which know RabbitMQ's behaviour on every method, but for those that ask for a broker on the
     * usual port whatever they are told.
     */
    @Test
    @RequiresPeer({"node", "npm", "mocha"})
    void amqplibsOwnTests() throws Exception {
        Path tests = Path.of(run("npm", "root", "-g").lines().toList().getLast(), "amqplib", "test");
        List<String> command = new ArrayList<>(
                List.of("mocha", "--exit", "--ui", "tdd", "--timeout", "20000", "--reporter", "dot", "--invert"));
        command.addAll(List.of("--grep", "Connect API (serverProperties|using custom heartbeat option|ipv6)$"));
        try (Stream<Path> files = Files.list(tests)) {
            files.filter(file -> file.toString().endsWith(".js"))
                    .sorted()
                    .forEach(file -> command.add(file.toString()));
        }
        try (TestBroker broker = new TestBroker(folder, "{}")) {
            command.addFirst(
                    "URL=amqp://guest:guest@127.0.0.1:" + broker.address().getPort());
            command.addFirst("env");
            String output = run(command.toArray(String[]::new));
            assertThat(output).containsPattern("2[0-9][0-9] passing").doesNotContain("failing");
        }
    }

    @Test
    void metricsOfQueuesHaveRabbitMqsNames() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect();
                HttpClient client = HttpClient.newHttpClient()) {
            Channel channel = connection.createChannel();
            channel.confirmSelect();
            channel.queueDeclare("m", true, false, false, null);
            for (int i = 0; i < 10; i++) {
                channel.basicPublish("", "m", com.rabbitmq.client.MessageProperties.PERSISTENT_BASIC, new byte[1]);
            }
            channel.basicPublish("amq.direct", "nobody", null, new byte[1]);
            channel.waitForConfirmsOrDie(10_000);
            HttpRequest scrape = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + broker.admin().getPort() + "/metrics/per-object"))
                    .build();
            long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            String text = "";
            while (!text.contains("rabbitmq_queue_messages_ready{") && System.nanoTime() < deadline) {
                text = client.send(scrape, HttpResponse.BodyHandlers.ofString()).body();
                TimeUnit.MILLISECONDS.sleep(50);
            }
            for (String line : List.of(
                    "rabbitmq_queue_messages_ready{queue=\"m\",vhost=\"/\"} 10.0",
                    "rabbitmq_queue_messages_published_total{queue=\"m\",vhost=\"/\"} 10.0",
                    "rabbitmq_queue_confirm_latency_seconds{percentile=\"99\",queue=\"m\",vhost=\"/\"}",
                    "rabbitmq_queue_oldest_message_age_seconds{queue=\"m\",vhost=\"/\"}",
                    "rabbitmq_exchange_messages_unroutable_total{exchange=\"amq.direct\",vhost=\"/\"} 1.0")) {
                assertThat(text).contains(line);
            }
        }
    }
}
