package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.redisson.Redisson;
import org.redisson.api.RLock;
import org.redisson.api.RSemaphore;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisTemplate;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.PatternTopic;
import org.springframework.data.redis.listener.RedisMessageListenerContainer;
import org.springframework.data.redis.serializer.RedisSerializer;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.session.data.redis.RedisIndexedSessionRepository;
import org.springframework.session.events.AbstractSessionEvent;

/** Libraries and programs that applications have, as they are. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StockClientsIT {
    /** Debian's own, which has Debian's modules. */
    private static final String PYTHON = "/usr/bin/python3";

    private final Path folder;
    private final Cluster node;

    StockClientsIT(@TempDir Path folder) throws Exception {
        this.folder = folder;
        node = Cluster.start(folder, "memory: 64MiB", 1);
    }

    @AfterAll
    void stop() {
        node.close();
    }

    @BeforeEach
    void empty() throws Exception {
        try (RawClient raw = new RawClient(node.port(0))) {
            raw.call("FLUSHALL");
        }
    }

    private String run(String input, String... command) throws Exception {
        Path in = Files.writeString(Files.createTempFile(folder, "in", ""), input, StandardCharsets.ISO_8859_1);
        Path out = Files.createTempFile(folder, "out", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(in.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().put("PORT", Integer.toString(node.port(0)));
        Process process = builder.start();
        boolean ended = process.waitFor(90, TimeUnit.SECONDS);
        process.destroy();
        String text = Files.readString(out, StandardCharsets.UTF_8);
        assertThat(ended).as(text).isTrue();
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    private String cli(String input, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of("redis-cli", "-p", Integer.toString(node.port(0))));
        command.addAll(List.of(options));
        return run(input, command.toArray(String[]::new));
    }

    @Test
    @RequiresPeer("redis-cli")
    void redisCliPipesScansAndFindsBigKeys() throws Exception {
        StringBuilder commands = new StringBuilder();
        for (int i = 0; i < 2_000; i++) {
            commands.append(RawClient.request(List.of("SET", "k" + i, "v" + i)));
        }
        commands.append(RawClient.request(List.of("RPUSH", "list", "a", "b", "c")));
        commands.append(RawClient.request(List.of("HSET", "hash", "f", "v")));
        assertThat(cli(commands.toString(), "--pipe")).contains("errors: 0, replies: 2002");
        assertThat(cli("", "--scan", "--pattern", "k1*").lines()).hasSize(1_111);
        assertThat(cli("", "--bigkeys"))
                .contains("Biggest   list found '\"list\"' has 3 items", "Sampled 2002 keys in the keyspace");
        assertThat(cli("", "--memkeys")).contains("Sampled 2002 keys in the keyspace");
        assertThat(cli("", "--latency", "--raw", "-i", "1")).matches("(?s)[0-9]+ [0-9]+ [0-9.]+ [0-9]+\n?");
    }

    @Test
    @RequiresPeer("redis-server") // deploy/bench/peers installs Celery beside it
    void aCeleryWorkerTakesTasksAndGivesResults() throws Exception {
        Files.writeString(folder.resolve("tasks.py"), """
            import os
            from celery import Celery
            at = 'redis://127.0.0.1:%s/' % os.environ['PORT']
            app = Celery('tasks', broker=at + '1', backend=at + '2')
            app.conf.task_acks_late = True
            @app.task
            def add(a, b):
                return a + b
            """);
        Files.writeString(folder.resolve("ask.py"), """
            from tasks import add
            from celery import chain
            now = [add.delay(i, i) for i in range(20)]
            later = [add.apply_async((i, 1), countdown=1) for i in range(3)]
            assert [r.get(timeout=60) for r in now] == [2 * i for i in range(20)]
            assert [r.get(timeout=60) for r in later] == [i + 1 for i in range(3)]
            assert chain(add.s(1, 2), add.s(3))().get(timeout=60) == 6
            print('fine')
            """);
        ProcessBuilder builder = new ProcessBuilder(
                PYTHON, "-m", "celery", "-A", "tasks", "worker", "--pool=solo", "--loglevel=WARNING");
        builder.environment().put("PORT", Integer.toString(node.port(0)));
        builder.environment().put("C_FORCE_ROOT", "1");
        Process worker = builder.directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("worker.log").toFile())
                .start();
        try {
            assertThat(run("", PYTHON, "ask.py")).contains("fine");
        } finally {
            worker.destroy();
            worker.waitFor(20, TimeUnit.SECONDS);
            worker.destroyForcibly();
        }
    }

    private RedissonClient redisson() {
        Config config = new Config();
        config.useSingleServer()
                .setAddress("redis://127.0.0.1:" + node.port(0))
                .setConnectionMinimumIdleSize(1)
                .setConnectionPoolSize(4)
                .setSubscriptionConnectionMinimumIdleSize(1);
        config.setThreads(2).setNettyThreads(2);
        return Redisson.create(config);
    }

    @Test
    @SuppressWarnings("LockNotBeforeTry") // who waits is another client
    void redissonsLocksPassFromOneClientToTheOther() throws Exception {
        RedissonClient first = redisson();
        RedissonClient second = redisson();
        try {
            for (String kind : List.of("plain", "fair")) {
                RLock held = kind.equals("fair") ? first.getFairLock(kind) : first.getLock(kind);
                RLock wanted = kind.equals("fair") ? second.getFairLock(kind) : second.getLock(kind);
                held.lock();
                held.lock();
                assertThat(wanted.tryLock()).as(kind).isFalse();
                CompletableFuture<Boolean> waits = CompletableFuture.supplyAsync(() -> {
                    wanted.lock();
                    boolean mine = wanted.isHeldByCurrentThread();
                    wanted.unlock();
                    return mine;
                });
                held.unlock();
                assertThat(held.isHeldByCurrentThread()).as(kind).isTrue();
                held.unlock();
                assertThat(waits.get(60, TimeUnit.SECONDS)).as(kind).isTrue();
            }
            RSemaphore permits = first.getSemaphore("permits");
            assertThat(permits.trySetPermits(2)).isTrue();
            assertThat(permits.tryAcquire(2)).isTrue();
            CompletableFuture<Boolean> waits = CompletableFuture.supplyAsync(() -> {
                try {
                    return second.getSemaphore("permits").tryAcquire(Duration.ofSeconds(60));
                } catch (InterruptedException e) {
                    return false;
                }
            });
            permits.release();
            assertThat(waits.get(90, TimeUnit.SECONDS)).isTrue();
        } finally {
            first.shutdown();
            second.shutdown();
        }
    }

    @Test
    void springSessionFindsAndExpiresSessions() throws Exception {
        LettuceConnectionFactory connections = new LettuceConnectionFactory("127.0.0.1", node.port(0));
        connections.afterPropertiesSet();
        connections.start();
        RedisMessageListenerContainer listener = new RedisMessageListenerContainer();
        List<AbstractSessionEvent> events = new CopyOnWriteArrayList<>();
        try (RawClient raw = new RawClient(node.port(0))) {
            // As its ConfigureNotifyKeyspaceEventsAction does.
            assertThat(raw.call("CONFIG", "SET", "notify-keyspace-events", "Egx"))
                    .isEqualTo("+OK\r\n");
            RedisTemplate<String, Object> template = new RedisTemplate<>();
            template.setKeySerializer(RedisSerializer.string());
            template.setHashKeySerializer(RedisSerializer.string());
            template.setConnectionFactory(connections);
            template.afterPropertiesSet();
            RedisIndexedSessionRepository sessions = new RedisIndexedSessionRepository(template);
            sessions.setApplicationEventPublisher(event -> {
                if (event instanceof AbstractSessionEvent session) {
                    events.add(session);
                }
            });
            listener.setConnectionFactory(connections);
            listener.addMessageListener(
                    sessions,
                    List.of(
                            new ChannelTopic(sessions.getSessionDeletedChannel()),
                            new ChannelTopic(sessions.getSessionExpiredChannel()),
                            new PatternTopic(sessions.getSessionCreatedChannelPrefix() + "*")));
            listener.afterPropertiesSet();
            listener.start();
            use(sessions, events);
        } finally {
            listener.stop();
            listener.destroy();
            connections.destroy();
            try (RawClient raw = new RawClient(node.port(0))) {
                raw.call("CONFIG", "SET", "notify-keyspace-events", "");
            }
        }
    }

    private static <S extends Session> void use(
            FindByIndexNameSessionRepository<S> sessions, List<AbstractSessionEvent> events) throws Exception {
        S brief = sessions.createSession();
        brief.setAttribute(FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, "anna");
        brief.setAttribute("cart", "book");
        sessions.save(brief);
        S removed = sessions.createSession();
        removed.setAttribute(FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME, "anna");
        sessions.save(removed);
        assertThat(sessions.findByPrincipalName("anna")).containsOnlyKeys(brief.getId(), removed.getId());
        S read = sessions.findById(removed.getId());
        assertThat(read).isNotNull();
        sessions.deleteById(removed.getId());
        assertThat(sessions.findById(removed.getId())).isNull();
        // Only now, as it may be over before the next line.
        brief.setMaxInactiveInterval(Duration.ofSeconds(1));
        sessions.save(brief);
        Await.until(
                "told of all",
                () -> told(events, brief.getId(), "SessionCreatedEvent")
                        && told(events, removed.getId(), "SessionDeletedEvent")
                        && told(events, brief.getId(), "SessionExpiredEvent"));
        assertThat(sessions.findById(brief.getId())).isNull();
        Await.until("index is clean", () -> sessions.findByPrincipalName("anna").isEmpty());
    }

    private static boolean told(List<AbstractSessionEvent> events, String id, String kind) {
        return events.stream()
                .anyMatch(event -> event.getSessionId().equals(id)
                        && event.getClass().getSimpleName().equals(kind));
    }

    /** A token bucket with the server's clock, as gateways have it: of many clients exactly so many get through. */
    @Test
    void aRateLimiterScriptLetsSoManyThrough() throws Exception {
        String script = """
            redis.replicate_commands()
            local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
            local now = redis.call('TIME')[1]
            local tokens = tonumber(redis.call('GET', KEYS[1]) or capacity)
            local last = tonumber(redis.call('GET', KEYS[2]) or now)
            tokens = math.min(capacity, tokens + math.max(0, now - last) * rate)
            local allowed = tokens >= 1 and 1 or 0
            redis.call('SETEX', KEYS[1], 3600, tokens - allowed)
            redis.call('SETEX', KEYS[2], 3600, now)
            return {allowed, tokens - allowed}
            """;
        List<RawClient> clients = new ArrayList<>();
        int allowed = 0;
        try {
            for (int i = 0; i < 4; i++) {
                clients.add(new RawClient(node.port(0)));
            }
            String sha = clients.getFirst()
                    .call("SCRIPT", "LOAD", script)
                    .lines()
                    .toList()
                    .getLast();
            for (int round = 0; round < 50; round++) {
                for (RawClient client : clients) {
                    client.send(
                            RawClient.request(List.of("EVALSHA", sha, "2", "{user}.tokens", "{user}.at", "100", "0")));
                }
                for (RawClient client : clients) {
                    allowed += client.reply().startsWith("*2\r\n:1\r\n") ? 1 : 0;
                }
            }
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
        assertThat(allowed).isEqualTo(100);
    }
}
