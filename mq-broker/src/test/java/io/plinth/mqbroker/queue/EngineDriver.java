package io.plinth.mqbroker.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.DefaultEventLoop;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.flow.DeliveryWindow;
import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stream.StreamFilter;
import io.plinth.mqbroker.stream.StreamOffset;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An engine without sockets: publishes, takes and settles from the test's thread. */
final class EngineDriver implements AutoCloseable, Outlet {
    static final int MOST_QUEUES = 1000;

    private static final byte[] PERSISTENT = {0x10, 0, 2};

    private final DefaultEventLoop loop = new DefaultEventLoop();
    private final Engine engine;
    private final Outbox[] outboxes = new Outbox[Shards.COUNT];
    private final DeliveryWindow window = new DeliveryWindow(Long.MAX_VALUE);
    private final ChannelHandle channel = new ChannelHandle(this, 1, new DeliveryWindow(Long.MAX_VALUE));
    private final Set<String> confirmed = ConcurrentHashMap.newKeySet();
    private final Set<String> refused = ConcurrentHashMap.newKeySet();
    private final List<String> delivered = new CopyOnWriteArrayList<>();

    EngineDriver(Path folder, Engine.Logs logs, boolean fsync, long memory) throws Exception {
        this(folder, logs, fsync, memory, 32_768);
    }

    EngineDriver(Path folder, Engine.Logs logs, boolean fsync, long memory, int window) throws Exception {
        this(folder, logs, fsync, memory, window, Clock.systemUTC());
    }

    EngineDriver(Path folder, Engine.Logs logs, boolean fsync, long memory, int window, Clock clock) throws Exception {
        this(folder, logs, fsync, memory, window, clock, List.of());
    }

    /** {@code followers}: who sees all changes of shards, on their loop. */
    EngineDriver(
            Path folder,
            Engine.Logs logs,
            boolean fsync,
            long memory,
            int window,
            Clock clock,
            List<Consumer<Change>> followers)
            throws Exception {
        engine = new Engine(new Engine.Settings(
                folder,
                List.of(loop),
                logs,
                fsync,
                memory,
                window,
                MOST_QUEUES,
                2,
                clock,
                System::nanoTime,
                followers));
        for (int i = 0; i < outboxes.length; i++) {
            outboxes[i] = new Outbox(this);
        }
    }

    Engine engine() {
        return engine;
    }

    Topology topology() {
        return Objects.requireNonNull(engine.vhosts().get("/"));
    }

    /** Returns once the loop has done all it was told before. */
    void onLoop() throws Exception {
        loop.submit(() -> {}).get(20, TimeUnit.SECONDS);
    }

    /** Does something on the loop again and again, each time behind what the loop was told meanwhile. */
    void onLoopUntil(BooleanSupplier done, Runnable work) throws Exception {
        CompletableFuture<Void> through = new CompletableFuture<>();
        Runnable turn = new Runnable() {
            @Override
            public void run() {
                work.run();
                if (done.getAsBoolean()) {
                    through.complete(null);
                } else {
                    loop.execute(this);
                }
            }
        };
        loop.execute(turn);
        through.get(20, TimeUnit.SECONDS);
    }

    /** Bodies of messages that were confirmed. */
    Set<String> confirmed() {
        return confirmed;
    }

    Set<String> refused() {
        return refused;
    }

    void declareDelayed(String exchange) throws Exception {
        define(new DefinitionCommand.DeclareExchange(
                exchange, "x-delayed-message", true, false, false, new FieldTable(Map.of("x-delayed-type", "direct"))));
    }

    /** Binds a queue, by the key everything is published with here. */
    void bind(String exchange, String queue) throws Exception {
        define(new DefinitionCommand.Bind(exchange, true, queue, "key", FieldTable.EMPTY, this));
    }

    void declare(String queue, FieldTable arguments) throws Exception {
        declare(queue, true, arguments);
    }

    void declare(String queue, boolean durable, FieldTable arguments) throws Exception {
        define(new DefinitionCommand.DeclareQueue(queue, durable, false, null, arguments));
    }

    void define(DefinitionCommand command) throws Exception {
        CompletableFuture<Definitions.Result> done = new CompletableFuture<>();
        engine.definitions().submit("/", command, done::complete);
        Definitions.Result result = done.get(20, TimeUnit.SECONDS);
        if (result.error() != null) {
            throw result.error();
        }
    }

    QueueRef queue(String name) {
        return Objects.requireNonNull(topology().queue(name), name);
    }

    /** Publishes what expires after so many milliseconds. */
    void publishExpiring(String queue, String body, String millis) {
        byte[] properties = new byte[4 + millis.length()];
        properties[0] = 0x11;
        properties[2] = 2;
        properties[3] = (byte) millis.length();
        for (int i = 0; i < millis.length(); i++) {
            properties[4 + i] = (byte) millis.charAt(i);
        }
        send(List.of(queue(queue)), properties, body, body);
    }

    void publish(String queue, String body) {
        publish(queue, body, 0);
    }

    void publish(String queue, String body, int padding) {
        publish(List.of(queue(queue)), body, padding);
    }

    /** Publishes into queues of one shard. */
    void publish(List<QueueRef> queues, String body, int padding) {
        send(queues, PERSISTENT, body + " ".repeat(padding), body);
    }

    /** Publishes with a priority, persistent or not. */
    void publish(String queue, String body, int priority, boolean persistent) {
        byte[] properties =
                persistent ? new byte[] {0x18, 0, 2, (byte) priority} : new byte[] {0x08, 0, (byte) priority};
        send(List.of(queue(queue)), properties, body, body);
    }

    /** Publishes several with a header, so that one turn takes them all. */
    void publish(String queue, List<String> bodies, String header, Object value) {
        byte[] properties = ContentProperties.withHeaders(PERSISTENT, FieldTable.EMPTY.with(header, value));
        QueueRef ref = queue(queue);
        List<ShardCommand> commands = new ArrayList<>();
        bodies.forEach(body -> commands.add(publication(List.of(ref), properties, body, body)));
        submit(ref.shard(), commands);
    }

    /** Publishes with a header. */
    void publish(String queue, String body, String header, Object value) {
        publish(queue, body, header, value, true);
    }

    /** The same, persistent or not. */
    void publish(String queue, String body, String header, Object value, boolean persistent) {
        byte[] properties = ContentProperties.withHeaders(
                persistent ? PERSISTENT : new byte[] {0, 0}, FieldTable.EMPTY.with(header, value));
        send(List.of(queue(queue)), properties, body, body);
    }

    /** Publishes what says it is of this time, in epoch seconds. */
    void publishDated(String queue, String body, long seconds) {
        byte[] properties = ByteBuffer.allocate(11)
                .putShort((short) 0x1040)
                .put((byte) 2)
                .putLong(seconds)
                .array();
        send(List.of(queue(queue)), properties, body, body);
    }

    /** Publishes something persistent into queues of one shard, for the receipt to hear of. */
    void publish(List<QueueRef> queues, String body, Receipt receipt) {
        Content content = new Content("", "key", PERSISTENT, body.getBytes(StandardCharsets.UTF_8));
        submit(queues.getFirst().shard(), new ShardCommand.Publish(queues, content, true, receipt));
    }

    private void send(List<QueueRef> queues, byte[] properties, String text, String name) {
        submit(queues.getFirst().shard(), publication(queues, properties, text, name));
    }

    private ShardCommand.Publish publication(List<QueueRef> queues, byte[] properties, String text, String name) {
        Content content = new Content("", "key", properties, text.getBytes(StandardCharsets.UTF_8));
        return new ShardCommand.Publish(
                queues,
                content,
                ContentProperties.persistent(properties),
                (shard, ok) -> (ok ? confirmed : refused).add(name));
    }

    /** What a transaction's commit hands a shard, in one turn: acknowledges what was got, and publishes. */
    void commit(String queue, List<ShardCommand.Got> held, List<String> bodies) {
        QueueRef ref = queue(queue);
        List<ShardCommand> commands = new ArrayList<>();
        held.forEach(
                got -> commands.add(new ShardCommand.Settle(channel, ref.id(), got.id(), ShardCommand.Outcome.ACK)));
        bodies.forEach(body -> commands.add(publication(List.of(ref), PERSISTENT, body, body)));
        submit(ref.shard(), commands);
    }

    /** Consumes from the start of a stream what is there, waiting for so many: a stream is opened behind the start. */
    List<String> read(String stream, long least, int most) throws Exception {
        delivered.clear();
        QueueRef ref = queue(stream);
        CompletableFuture<Boolean> subscribed = new CompletableFuture<>();
        submit(
                ref.shard(),
                new ShardCommand.Subscribe(
                        channel,
                        ref.id(),
                        "reader",
                        false,
                        false,
                        most,
                        0,
                        FieldTable.EMPTY,
                        StreamOffset.of("first"),
                        StreamFilter.ALL,
                        refusal -> subscribed.complete(refusal == null)));
        assertThat(subscribed.get(20, TimeUnit.SECONDS)).isTrue();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (delivered.size() < Math.max(least, length(stream)) && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(2);
        }
        return List.copyOf(delivered);
    }

    /** Has a consumer of the tag, which takes one message at a time, begin and end. */
    void useOnce(String queue, String tag) throws Exception {
        QueueRef ref = queue(queue);
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        submit(
                ref.shard(),
                List.of(
                        new ShardCommand.Subscribe(
                                channel,
                                ref.id(),
                                tag,
                                false,
                                false,
                                1,
                                0,
                                FieldTable.EMPTY,
                                null,
                                StreamFilter.ALL,
                                refusal -> {}),
                        new ShardCommand.Unsubscribe(channel, ref.id(), tag, () -> ended.complete(true))));
        ended.get(20, TimeUnit.SECONDS);
    }

    /** How many messages are ready. */
    long length(String queue) throws Exception {
        CompletableFuture<ShardCommand.@Nullable Status> status = new CompletableFuture<>();
        QueueRef ref = queue(queue);
        submit(ref.shard(), new ShardCommand.Ask(channel, ref.id(), status::complete));
        return Objects.requireNonNull(status.get(20, TimeUnit.SECONDS)).ready();
    }

    /** What management is told of it. */
    QueueReport report(String queue) throws Exception {
        CompletableFuture<Map<Long, QueueReport>> all = new CompletableFuture<>();
        QueueRef ref = queue(queue);
        submit(ref.shard(), new ShardCommand.Survey(all::complete));
        return Objects.requireNonNull(all.get(20, TimeUnit.SECONDS).get(ref.id()));
    }

    long purge(String queue) throws Exception {
        CompletableFuture<Long> purged = new CompletableFuture<>();
        QueueRef ref = queue(queue);
        submit(ref.shard(), new ShardCommand.Purge(channel, ref.id(), purged::complete));
        return purged.get(20, TimeUnit.SECONDS);
    }

    long delete(String queue) throws Exception {
        CompletableFuture<Long> deleted = new CompletableFuture<>();
        QueueRef ref = queue(queue);
        submit(ref.shard(), new ShardCommand.Delete(channel, ref, false, false, refusal -> {}, deleted::complete));
        return deleted.get(20, TimeUnit.SECONDS);
    }

    private void submit(int shard, ShardCommand command) {
        submit(shard, List.of(command));
    }

    /** Hands several over at once, so that one turn does them all. */
    void submit(int shard, List<ShardCommand> commands) {
        engine.shards().get(shard).submit(commands);
    }

    /** Settles what was got and deletes the queue, in one turn; answers once it is gone from the definitions. */
    CompletableFuture<Long> settleAndDelete(String queue, List<ShardCommand.Got> held, ShardCommand.Outcome outcome) {
        QueueRef ref = queue(queue);
        List<ShardCommand> commands = new ArrayList<>();
        held.forEach(got -> commands.add(new ShardCommand.Settle(channel, ref.id(), got.id(), outcome)));
        CompletableFuture<Long> deleted = new CompletableFuture<>();
        commands.add(new ShardCommand.Delete(channel, ref, false, false, refusal -> {}, deleted::complete));
        submit(ref.shard(), commands);
        return deleted;
    }

    /** A name whose queue is on the shard. */
    static String named(String prefix, int shard) {
        return IntStream.range(0, 1000)
                .mapToObj(i -> prefix + i)
                .filter(name -> Shards.of("/", name, Shards.COUNT) == shard)
                .findFirst()
                .orElseThrow();
    }

    /** Takes one message without settling it, or null. */
    ShardCommand.@Nullable Got get(String queue) throws Exception {
        CompletableFuture<ShardCommand.@Nullable Got> got = new CompletableFuture<>();
        QueueRef ref = queue(queue);
        submit(ref.shard(), new ShardCommand.Get(channel, ref.id(), false, got::complete));
        return got.get(20, TimeUnit.SECONDS);
    }

    /** Takes so many, or as many as there are, asked for at once. */
    List<ShardCommand.Got> get(String queue, int count) throws Exception {
        return ask(queue, count).get(20, TimeUnit.SECONDS);
    }

    /** The same, without waiting for them. */
    CompletableFuture<List<ShardCommand.Got>> ask(String queue, int count) {
        QueueRef ref = queue(queue);
        List<CompletableFuture<ShardCommand.@Nullable Got>> futures = new ArrayList<>();
        List<ShardCommand> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            CompletableFuture<ShardCommand.@Nullable Got> got = new CompletableFuture<>();
            futures.add(got);
            commands.add(new ShardCommand.Get(channel, ref.id(), false, got::complete));
        }
        submit(ref.shard(), commands);
        return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
                .thenApply(done -> futures.stream()
                        .map(CompletableFuture::join)
                        .filter(Objects::nonNull)
                        .toList());
    }

    static String body(ShardCommand.Got got) {
        return new String(got.content().body(), StandardCharsets.UTF_8).strip();
    }

    void settle(String queue, ShardCommand.Got got, ShardCommand.Outcome outcome) {
        QueueRef ref = queue(queue);
        submit(ref.shard(), new ShardCommand.Settle(channel, ref.id(), got.id(), outcome));
    }

    /** Takes everything that is ready, in order, without settling it. */
    List<String> drain(String queue) throws Exception {
        List<String> bodies = new ArrayList<>();
        for (ShardCommand.Got got = get(queue); got != null; got = get(queue)) {
            bodies.add(body(got));
        }
        return bodies;
    }

    @Override
    public void accept(List<ShardEvent> events, long releasedBytes) {
        for (ShardEvent event : events) {
            if (event instanceof ShardEvent.Replied replied) {
                replied.reply().run();
            } else if (event instanceof ShardEvent.Delivered one) {
                delivered.add(new String(one.content().body(), StandardCharsets.UTF_8).strip());
            }
        }
    }

    @Override
    public DeliveryWindow window() {
        return window;
    }

    @Override
    public Outbox outbox(int shard) {
        return outboxes[shard];
    }

    @Override
    public void close() {
        engine.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
