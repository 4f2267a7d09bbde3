package io.plinth.kvcache.command;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.kvcache.acl.Catalogue;
import io.plinth.kvcache.acl.Users;
import io.plinth.kvcache.admin.CommandFamilies;
import io.plinth.kvcache.admin.NodeFacts;
import io.plinth.kvcache.admin.ServerCommands;
import io.plinth.kvcache.admin.config.ConfigTable;
import io.plinth.kvcache.admin.info.InfoReport;
import io.plinth.kvcache.admin.info.InfoSources;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.BufferLimits;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Clients;
import io.plinth.kvcache.session.Outlet;
import io.plinth.kvcache.session.PubSub;
import io.plinth.kvcache.session.Tracking;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.ReplyWriter;
import io.plinth.kvcache.wire.WireLimits;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A node's command layer without sockets, and a clock that stands until it is moved. */
public final class CommandHarness {
    private static final int OUTPUT = 1 << 20;

    public long now = 1_700_000_000_000L;
    /** What the clock that commands are measured with shows, and how far it goes on at each look. */
    public long nanos;

    public long nanosPerCommand = 1_000;
    public final Keyspace keyspace;
    public final Settings settings;
    public final Tracking tracking;
    public final CachePatterns patterns;
    public final List<String> forwarded = new ArrayList<>();
    /** What waits for time to pass. */
    public final List<Runnable> timers = new ArrayList<>();

    /** What other loops have for a connection's; null: it is done at once. */
    public @Nullable Queue<Runnable> others;

    /** What is to be done later on a connection's loop; null: it is done at once. */
    public @Nullable Queue<Runnable> loop;

    final Clients clients = new Clients(100, new BufferLimits(OUTPUT, 1 << 16));
    private final ClientMemory memory = new ClientMemory(1 << 20);
    private final PubSub pubSub = new PubSub(clients.buffers());
    private final CommandExecutor executor;
    public final CommandTable table;
    /** What all protocols share. */
    public final NodeState state;

    public CommandHarness(Topology topology) {
        this(topology, 0, Eviction.ALL_KEYS, null);
    }

    public CommandHarness(Topology topology, long limit, Eviction eviction, @Nullable String password) {
        this(topology, limit, eviction, password, 1 << 16);
    }

    public CommandHarness(Topology topology, long limit, Eviction eviction, @Nullable String password, int mostMarks) {
        keyspace = new Keyspace(limit, eviction, now, new Random(1));
        tracking = new Tracking(keyspace, clients, 1000);
        patterns = new CachePatterns(keyspace, mostMarks, new Random(3));
        table = table(patterns);
        settings = new Settings(
                password,
                "allkeys-lru",
                new KeyEvents(pubSub, keyspace),
                new Users(new Catalogue(table.all().stream().map(Command::facts).toList()), password, null));
        settings.cachePolicy(patterns);
        NodeState node = new NodeState(
                keyspace,
                () -> topology,
                clients,
                pubSub,
                tracking,
                (channel, message) ->
                        forwarded.add(new String(channel, ISO_8859_1) + "=" + new String(message, ISO_8859_1)),
                settings,
                new Stats(() -> nanos += nanosPerCommand, () -> now),
                memory,
                new WireLimits(1 << 16, 1024, 1024, 1 << 17),
                clock(),
                new Random(2));
        state = node;
        executor = new CommandExecutor(node, table);
    }

    private Clock clock() {
        return new Clock() {
            @Override
            public ZoneOffset getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(java.time.ZoneId zone) {
                return this;
            }

            @Override
            public Instant instant() {
                return Instant.ofEpochMilli(now);
            }
        };
    }

    private static CommandTable table(CachePatterns patterns) {
        NodeFacts facts = new NodeFacts("node", "1", "0".repeat(40), 6379, "none", 1, 0, "plinth.yaml");
        CommandTable.Builder builder = new CommandTable.Builder();
        CommandFamilies.register(builder, patterns);
        ServerCommands.register(builder, new InfoReport(InfoSources.of(() -> facts)), new ConfigTable(() -> facts));
        return builder.build();
    }

    /** Another connection. */
    public Connection connect() {
        Connection connection = new Connection();
        clients.add(connection.client);
        return connection;
    }

    /** Takes one away. */
    void disconnect(Connection connection) {
        tracking.off(connection.client);
        clients.remove(connection.client);
    }

    /** One client's connection. */
    public final class Connection implements Outlet {
        /** Whether its commands wait. */
        boolean held;

        public final Client client = new Client(
                clients.nextId(),
                "1.2.3.4:5",
                "5.6.7.8:9",
                now,
                new ReplyWriter(ByteBufAllocator.DEFAULT, OUTPUT),
                this,
                memory);

        /** Runs a command whose words are separated by single spaces; the reply with line ends shown as {@code |}. */
        public String run(String command) {
            return call(command.split(" ", -1));
        }

        /** Runs a command of these words. */
        public String call(String... words) {
            byte[][] args = new byte[words.length][];
            for (int i = 0; i < words.length; i++) {
                args[i] = words[i].getBytes(ISO_8859_1);
            }
            return call(Args.of(args));
        }

        /** Runs a command as a decoder has it. */
        public String call(Args args) {
            boolean done = executor.execute(client, args, now);
            executor.rest();
            return done ? received() : "(waits)";
        }

        /** What was written since the last look. */
        public String received() {
            ByteBuf out = client.out().take();
            if (out == null) {
                return "";
            }
            String text = out.toString(ISO_8859_1);
            out.release();
            return text.replace("\r\n", "|");
        }

        @Override
        public void run(Runnable task) {
            Queue<Runnable> tasks = others;
            if (tasks == null) {
                task.run();
            } else {
                tasks.add(task);
            }
        }

        @Override
        public void later(Runnable task) {
            Queue<Runnable> tasks = loop;
            if (tasks == null) {
                task.run();
            } else {
                tasks.add(task);
            }
        }

        @Override
        public Runnable schedule(long millis, Runnable task) {
            timers.add(task);
            return () -> timers.remove(task);
        }

        @Override
        public void unblocked() {}

        @Override
        public void written() {}

        @Override
        public boolean holds() {
            return held;
        }

        @Override
        public long pending() {
            return client.out().size();
        }

        @Override
        public void close() {}

        @Override
        public void abort() {}
    }
}
