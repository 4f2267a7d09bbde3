package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.ShutdownSignalException;
import io.plinth.deploy.process.LogRotation;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.testkit.LogWatcher;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Every node its own process, the command in the foreground. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class StackIT extends StackContract {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String QUEUE = "confirmed";

    private final AtomicReference<TestStack> stack = new AtomicReference<>();
    private final AtomicReference<Process> up = new AtomicReference<>();

    @BeforeAll
    @Timeout(360)
    void up() throws Exception {
        stack.set(TestStack.create());
        up.set(stack().upInForeground());
    }

    /** Ctrl-C: everything that was started ends, and nothing of it listens any more. */
    @AfterAll
    @Timeout(360)
    void interrupted() throws Exception {
        List<RunRecord> records = new RunFolder(stack().folder().resolve(".plinth")).records();
        assertThat(records).hasSizeGreaterThanOrEqualTo(17);
        TestStack.interrupt(Objects.requireNonNull(up.get()));
        String said = stack().saidInForeground();
        assertThat(said).contains("stopped").doesNotContain("was killed");
        Procfs procfs = Procfs.ofThisMachine();
        assertThat(records).noneMatch(record -> procfs.alive(record.process()));
        try (ServerSocket free = new ServerSocket(stack().port(8080), 1, InetAddress.getLoopbackAddress())) {
            assertThat(free.isBound()).isTrue();
        }
        stack().remove();
    }

    @Override
    TestStack stack() {
        return Objects.requireNonNull(stack.get());
    }

    @Test
    void itSaysWhereEverythingListens() throws IOException {
        assertThat(stack().saidInForeground())
                .contains("http 127.0.0.1:" + stack().port(8080), "https 127.0.0.1:" + stack().port(8443))
                .contains("redis 127.0.0.1:" + stack().port(6381))
                .contains("http://127.0.0.1:" + stack().port(9906));
    }

    @Test
    void aSecondUpIsRefused() throws Exception {
        Script.Result second = stack().run("up");
        assertThat(second.exitCode()).isEqualTo(1);
        assertThat(second.err().lines()).hasSize(1).first().asString().contains("runs already", "plinth down");
    }

    @Test
    void portsInUseAreALineEachAndNothingIsStarted() throws Exception {
        Path other = stack().folder().resolve("other");
        Script.Result refused = stack().run("up", "--state", other.toString());
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err().lines())
                .anyMatch(line -> line.contains("127.0.0.1:" + stack().port(6379))
                        && line.contains("cache-1")
                        && line.contains("in use by process")
                        && line.contains("nodes.cache-1.port"))
                .anyMatch(line -> line.contains("apps.web.port"))
                .anyMatch(line -> line.contains("lb-proxy.listeners.http.bind"))
                .allMatch(line -> line.startsWith("plinth: "));
        assertThat(new RunFolder(other).records()).isEmpty();
    }

    @Test
    void everyNodeHasALog() throws Exception {
        assertThat(stack().run("logs", "cache-2").out()).contains("cache-2 is ready");
        assertThat(stack().ask("logs", "pg-s0-primary").out()).contains("ready to accept connections");
        // Whoever moves it, the node goes on in one of that name.
        Path log = stack().folder().resolve(".plinth/logs/cache-2.log");
        Files.move(log, LogRotation.earlier(log, 1));
        TestStack.await(PATIENCE, () -> Files.exists(log));
        assertThat(stack().ask("logs", "cache-2").out()).contains("cache-2 is ready");
        Script.Result unknown = stack().ask("logs", "cache-9");
        assertThat(unknown.exitCode()).isEqualTo(1);
        assertThat(unknown.err()).contains("cache-2");
    }

    @Test
    void aKilledApplicationInstanceFailsNoGet() throws Exception {
        String url = "http://127.0.0.1:" + stack().port(8080) + "/";
        AtomicBoolean enough = new AtomicBoolean();
        AtomicInteger good = new AtomicInteger();
        Queue<String> bad = new ConcurrentLinkedQueue<>();
        List<Thread> browsers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            browsers.add(Thread.ofVirtual().start(() -> {
                HttpClient browser = HttpClient.newHttpClient();
                while (!enough.get()) {
                    try {
                        HttpResponse<String> page = get(browser, url);
                        if (page.statusCode() == 200) {
                            good.incrementAndGet();
                        } else {
                            bad.add(page.statusCode() + " " + page.body());
                        }
                    } catch (Exception e) {
                        bad.add(e.toString());
                    }
                }
            }));
        }
        TestStack.await(PATIENCE, () -> good.get() > 50);
        int before = good.get();
        assertThat(stack().ask("kill", "web-2").exitCode()).isZero();
        TestStack.await(PATIENCE, () -> good.get() > before + 200);
        enough.set(true);
        for (Thread browser : browsers) {
            browser.join(TimeUnit.SECONDS.toMillis(20));
        }
        assertThat(bad).isEmpty();
        TestStack.await(PATIENCE, () -> stack().saidInForeground().contains("web-2 died"));
        Script.Result status = stack().ask("status");
        assertThat(status.exitCode()).isEqualTo(1);
        assertThat(status.out()).containsPattern("web-2 +app +\\d+ +dead");
        Script.Result started = stack().run("start", "web-2");
        assertThat(started.exitCode()).as(started.err()).isZero();
        TestStack.await(PATIENCE, () -> stack().saidInForeground().contains("web-2 runs again"));
    }

    /** Half of the clients connect anew for each request, half keep their connection for as long as they may. */
    @Test
    void aRestartedLoadBalancerRefusesAndResetsNobody() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        AtomicInteger good = new AtomicInteger();
        Queue<String> bad = new ConcurrentLinkedQueue<>();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            boolean keeps = i % 2 == 0;
            clients.add(Thread.ofVirtual().start(() -> {
                try (PlainClient client = new PlainClient(stack().port(8080), keeps)) {
                    while (!enough.get()) {
                        client.get("/");
                        good.incrementAndGet();
                    }
                } catch (IOException e) {
                    bad.add((keeps ? "kept: " : "new: ") + e);
                }
            }));
        }
        TestStack.await(PATIENCE, () -> good.get() > 50);
        String pid = processOf("lb-1");
        for (int round = 0; round < 2; round++) {
            Script.Result restarted = stack().run("restart", "lb-1");
            assertThat(restarted.exitCode()).as(restarted.err()).isZero();
            assertThat(restarted.out()).contains("lb-1 is served by process", "has finished and ended");
            int before = good.get();
            TestStack.await(PATIENCE, () -> good.get() > before + 100 || !bad.isEmpty());
        }
        enough.set(true);
        for (Thread client : clients) {
            client.join(TimeUnit.SECONDS.toMillis(20));
        }
        assertThat(bad).isEmpty();
        assertThat(processOf("lb-1")).isNotEqualTo(pid);
        assertThat(stack().ask("status").out()).containsPattern("lb-1 +lb-proxy +\\d+ +running +yes");
    }

    private String processOf(String node) throws IOException {
        return new RunFolder(stack().folder().resolve(".plinth"))
                .record(node)
                .map(record -> String.valueOf(record.process().pid()))
                .orElseThrow();
    }

    @Test
    void aNodeIsRestartedAfterAnotherWayWhereItHandsNothingOver() throws Exception {
        Script.Result restarted = stack().run("restart", "worker-2");
        assertThat(restarted.exitCode()).as(restarted.err()).isZero();
        assertThat(stack().ask("status").out()).containsPattern("worker-2 +app +\\d+ +running +yes");
        Script.Result unknown = stack().ask("restart", "lb-9");
        assertThat(unknown.exitCode()).isEqualTo(1);
        assertThat(unknown.err()).contains("no node lb-9", "lb-1");
    }

    @Test
    void everyKindOfNodeExplains() throws Exception {
        assertThat(stack().ask("explain", "dns", "www.shop.example").out()).contains("www.shop.example");
        assertThat(stack().ask("explain", "sql", "select * from orders where user_id = 7")
                        .out())
                .contains("orders", "- s", "user_id");
        assertThat(stack().ask("explain", "publish", "amq.direct", "k").exitCode())
                .isZero();
        assertThat(stack().ask("explain", "key", "session").out()).contains("slot:", "node: cache-");
        Script.Result wrong = stack().ask("explain", "key", "session", "--node", "lb-1");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("lb-1 is a lb-proxy (expected: a kv-cache)");
    }

    @Test
    void theBrokerIsOperatedFromTheCommandLine() throws Exception {
        String url = "http://127.0.0.1:" + stack().port(15672);
        assertThat(Script.run(Map.of(), "mq", "add-user", "clerk", "s3cret", "--tags", "monitoring", "--url", url)
                        .exitCode())
                .isZero();
        assertThat(mq(url, "set-permissions", "clerk", "", "", ".*").exitCode()).isZero();
        assertThat(mq(url, "set-policy", "short", "^tmp", "{\"max-length\": 10}", "--apply-to", "queues")
                        .exitCode())
                .isZero();
        assertThat(mq(url, "list", "users").out()).containsPattern("clerk +monitoring");
        assertThat(mq(url, "list", "permissions").out()).containsPattern("/ +clerk +\\.\\*");
        assertThat(mq(url, "list", "policies").out()).containsPattern("short +\\^tmp +queues +0 +max-length=10");
        Path file = stack().folder().resolve("definitions.json");
        assertThat(mq(url, "export", file.toString()).exitCode()).isZero();
        assertThat(mq(url, "delete", "user", "clerk").exitCode()).isZero();
        assertThat(mq(url, "list", "users").out()).doesNotContain("clerk");
        assertThat(mq(url, "import", file.toString()).exitCode()).isZero();
        assertThat(mq(url, "list", "users", "--user", "clerk", "--password", "s3cret")
                        .exitCode())
                .isEqualTo(1);
        Script.Result refused = mq(url, "list", "queues", "--password", "wrong");
        assertThat(refused.err()).contains("wrong user or password for guest");
        assertThat(mq(url, "delete", "policy", "short").exitCode()).isZero();
    }

    @Test
    void queuesAreMadeBoundFilledAndReadFromTheCommandLine() throws Exception {
        String url = "http://127.0.0.1:" + stack().port(15672);
        done(url, "declare-exchange", "day", "topic");
        done(url, "declare-queue", "week", "--argument", "x-max-length=2");
        done(url, "bind", "day", "week", "day.#");
        for (String text : List.of("one", "two", "three")) {
            done(url, "publish", "day", "day.x", text);
        }
        assertThat(done(url, "get", "week", "--count=5")).doesNotContain("one").contains("two", "three");
        assertThat(done(url, "get", "week", "--count=1", "--take")).containsPattern("day +day\\.x +true +1 +two");
        done(url, "unbind", "day", "week", "day.#");
        Script.Result nowhere = mq(url, "publish", "day", "day.x", "four");
        assertThat(nowhere.exitCode()).isEqualTo(1);
        assertThat(nowhere.err()).contains("no queue took it; see `plinth explain publish day day.x`");
        assertThat(mq(url, "unbind", "day", "week", "day.#").err())
                .contains("no such binding with routing key 'day.#'");
        assertThat(done(url, "check-user", "guest", "guest")).contains("user guest may log in");
        assertThat(mq(url, "check-user", "guest", "wrong").exitCode()).isEqualTo(1);
        assertThat(mq(url, "check-user", "Not management user", "wrong").exitCode())
                .isEqualTo(1);
        done(url, "add-user", "untagged", "secret");
        assertThat(done(url, "check-user", "untagged", "secret")).contains("user untagged may log in");
        done(url, "delete", "queue", "week");
        done(url, "delete", "exchange", "day");
    }

    private static String done(String url, String... arguments) {
        Script.Result result = mq(url, arguments);
        assertThat(result.exitCode()).as(result.err()).isZero();
        return result.out();
    }

    private static Script.Result mq(String url, String... arguments) {
        List<String> all = new ArrayList<>(List.of("mq"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--url", url));
        return Script.here(all.toArray(String[]::new));
    }

    @Test
    void aKilledBrokerLosesNoConfirmedMessage(LogWatcher.Expected log) throws Exception {
        log.expect("com.rabbitmq");
        ConnectionFactory factory = rabbit();
        factory.setAutomaticRecoveryEnabled(false);
        Set<String> confirmed = ConcurrentHashMap.newKeySet();
        Thread publisher = Thread.ofPlatform().start(() -> publish(factory, confirmed));
        TestStack.await(PATIENCE, () -> confirmed.size() > 200);
        assertThat(stack().ask("kill", "broker-1").exitCode()).isZero();
        publisher.join(TimeUnit.SECONDS.toMillis(30));
        Set<String> kept = Set.copyOf(confirmed);
        Script.Result started = stack().run("start", "broker-1");
        assertThat(started.exitCode()).as(started.err()).isZero();

        List<String> found = new ArrayList<>();
        try (Connection connection = factory.newConnection();
                Channel channel = connection.createChannel()) {
            for (GetResponse got = channel.basicGet(QUEUE, true); got != null; got = channel.basicGet(QUEUE, true)) {
                found.add(new String(got.getBody(), StandardCharsets.UTF_8));
            }
            channel.queueDelete(QUEUE);
        }
        assertThat(found).containsAll(kept).doesNotHaveDuplicates();
    }

    /** Publishes in windows until the broker is gone; what is in {@code confirmed} was confirmed before. */
    private static void publish(ConnectionFactory factory, Set<String> confirmed) {
        try (Connection connection = factory.newConnection();
                Channel channel = connection.createChannel()) {
            channel.queueDeclare(QUEUE, true, false, false, null);
            channel.confirmSelect();
            Map<Long, String> open = new ConcurrentHashMap<>();
            channel.addConfirmListener(
                    (tag, multiple) -> {
                        for (Map.Entry<Long, String> entry : Map.copyOf(open).entrySet()) {
                            if (entry.getKey().equals(tag) || (multiple && entry.getKey() < tag)) {
                                confirmed.add(entry.getValue());
                                open.remove(entry.getKey());
                            }
                        }
                    },
                    (tag, multiple) -> open.remove(tag));
            for (int i = 0; ; i++) {
                String body = "message " + i;
                open.put(channel.getNextPublishSeqNo(), body);
                channel.basicPublish(
                        "", QUEUE, MessageProperties.PERSISTENT_TEXT_PLAIN, body.getBytes(StandardCharsets.UTF_8));
                while (open.size() > 100 && connection.isOpen()) {
                    Thread.sleep(1);
                }
            }
        } catch (ShutdownSignalException | IOException | java.util.concurrent.TimeoutException e) {
            // The broker was killed, as it should be.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aKilledDatabaseServerComesBackWithItsData() throws Exception {
        assertThat(stack().ask("kill", "pg-s1-replica").exitCode()).isZero();
        Script.Result started = stack().run("start", "pg-s1-replica");
        assertThat(started.exitCode()).as(started.err()).isZero();
        assertThat(Files.readString(stack().folder().resolve(".plinth/postgres/pg-s1-replica/PG_VERSION")))
                .isEqualTo("18\n");
    }

    @Test
    void everyBlockOfTheReadmeIsTried() throws IOException {
        assertThat(ReadmeExamples.programs())
                .containsExactly("curl", "redis-cli", "dig", "psql", "amqp-declare-queue", "deploy/plinth");
    }

    @Test
    @RequiresPeer("curl")
    void theReadmesCurlExampleWorks() throws Exception {
        assertThat(new ReadmeExamples(stack()).run("curl")).contains("Served by", "ok");
    }

    @Test
    @RequiresPeer("redis-cli")
    void theReadmesRedisExampleWorks() throws Exception {
        assertThat(new ReadmeExamples(stack()).run("redis-cli")).contains("OK", "hello");
    }

    @Test
    @RequiresPeer("dig")
    void theReadmesDigExampleWorks() throws Exception {
        assertThat(new ReadmeExamples(stack()).run("dig")).contains("127.0.0.");
    }

    @Test
    @RequiresPeer("psql")
    void theReadmesPsqlExampleWorks() throws Exception {
        assertThat(new ReadmeExamples(stack()).run("psql")).contains("Reading lamp", "4 rows");
    }

    @Test
    @RequiresPeer({"amqp-declare-queue", "amqp-publish", "amqp-get"})
    void theReadmesBrokerExampleWorks() throws Exception {
        assertThat(new ReadmeExamples(stack()).run("amqp-declare-queue")).contains("hello");
    }

    @Test
    void theReadmesPlinthExamplesWork() throws Exception {
        assertThat(new ReadmeExamples(stack()).run("deploy/plinth"))
                .containsPattern("web-2 +ready after")
                .contains("lb-1 is served by process", "pool: web");
    }
}
