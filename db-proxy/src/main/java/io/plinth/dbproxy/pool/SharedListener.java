package io.plinth.dbproxy.pool;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.ServerMessages;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One server connection that listens for all clients of an event loop who have the same user. Owned by that loop. When the
 * connection is lost, another one listens to the same channels; what was notified meanwhile is lost, as it is for a client
 * that reconnects.
 */
public final class SharedListener {
    private static final Logger LOG = LoggerFactory.getLogger(SharedListener.class);
    private static final long RECONNECT_MILLIS = 500;

    /** A client that listens. */
    public interface Subscriber {
        /** Takes a NotificationResponse, which is not its to keep. */
        void notified(ByteBuf message);

        /** Moves on when another listener is the right one by now. */
        void look();
    }

    private record Wish(String sql, Consumer<@Nullable SqlError> done) {}

    private final ServerKey key;
    private final EventLoop loop;
    private final ServerConnector connector;
    private final Duration timeout;
    private final BooleanSupplier held;
    private final Map<String, Set<Subscriber>> channels = new HashMap<>();
    private final ArrayDeque<Wish> wishes = new ArrayDeque<>();
    private boolean connecting;
    private boolean scheduled;
    private boolean closed;
    private @Nullable ServerConnection connection;

    /** {@code held} is whether operators want no connection to the server now. */
    SharedListener(ServerKey key, EventLoop loop, ServerConnector connector, Duration timeout, BooleanSupplier held) {
        this.held = held;
        this.key = key;
        this.loop = loop;
        this.connector = connector;
        this.timeout = timeout;
    }

    /** Tells {@code done} once the server listens; with an error when it cannot. */
    public void listen(String channel, Subscriber subscriber, Consumer<@Nullable SqlError> done) {
        assert loop.inEventLoop() : "listener used off its event loop";
        Set<Subscriber> subscribers = channels.get(channel);
        if (subscribers != null && connection != null && wishes.isEmpty()) {
            subscribers.add(subscriber);
            done.accept(null);
            return;
        }
        channels.computeIfAbsent(channel, c -> new LinkedHashSet<>()).add(subscriber);
        wishes.add(new Wish("LISTEN " + quoted(channel), why -> {
            if (why != null) {
                leave(channel, subscriber);
            }
            done.accept(why);
        }));
        work();
    }

    /** Takes over who has listened elsewhere, and listens for it as soon as it can. */
    public void adopt(String channel, Subscriber subscriber) {
        assert loop.inEventLoop() : "listener used off its event loop";
        if (channels.computeIfAbsent(channel, c -> new LinkedHashSet<>()).add(subscriber)) {
            wishes.add(again(channel));
            work();
        }
    }

    /** Listens for clients who were told already that it does: an error is tried again over another connection. */
    private Wish again(String channel) {
        return new Wish("LISTEN " + quoted(channel), why -> {
            if (why != null) {
                renew();
            }
        });
    }

    /** Has its clients see whether they are in the right place. */
    void askWhetherRight() {
        Set<Subscriber> all = new LinkedHashSet<>();
        channels.values().forEach(all::addAll);
        all.forEach(Subscriber::look);
    }

    /** Whether it does nothing for anybody. */
    boolean unused() {
        return channels.isEmpty() && connection == null && !connecting;
    }

    /** The client does not listen to this channel any more; null for all of them. */
    public void unlisten(@Nullable String channel, Subscriber subscriber) {
        assert loop.inEventLoop() : "listener used off its event loop";
        for (String each : channel == null ? List.copyOf(channels.keySet()) : List.of(channel)) {
            if (leave(each, subscriber) && connection != null) {
                wishes.add(new Wish("UNLISTEN " + quoted(each), why -> {}));
            }
        }
        ServerConnection open = connection;
        if (channels.isEmpty() && open != null) {
            connection = null;
            wishes.clear();
            open.close();
            return;
        }
        work();
    }

    /** Whether nobody listens to the channel any more. */
    private boolean leave(String channel, Subscriber subscriber) {
        Set<Subscriber> subscribers = channels.get(channel);
        if (subscribers == null || !subscribers.remove(subscriber) || !subscribers.isEmpty()) {
            return false;
        }
        channels.remove(channel);
        return true;
    }

    private static String quoted(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }

    private void work() {
        ServerConnection open = connection;
        if (wishes.isEmpty() || closed) {
            return;
        }
        if (open == null || !open.open()) {
            connect();
            return;
        }
        while (!wishes.isEmpty()) {
            Wish wish = wishes.remove();
            open.inject(wish.sql(), outcome -> wish.done().accept(outcome.error()));
        }
    }

    private void connect() {
        if (connecting) {
            return;
        }
        if (held.getAsBoolean()) {
            again();
            return;
        }
        connecting = true;
        connector.connect(key, loop, timeout, new ServerConnector.Outcome() {
            @Override
            public void connected(ServerConnection opened) {
                connecting = false;
                if (closed || channels.isEmpty()) {
                    opened.close();
                    refuse(SqlError.of(
                            SqlError.CONNECTION_FAILURE, "the server that listens has changed (expected: try again)"));
                    return;
                }
                connection = opened;
                opened.onNotification(SharedListener.this::deliver);
                opened.onClose(() -> lost(opened));
                Set<String> wished = new LinkedHashSet<>();
                wishes.forEach(wish -> wished.add(wish.sql()));
                channels.keySet().stream()
                        .map(SharedListener.this::again)
                        .filter(wish -> !wished.contains(wish.sql()))
                        .forEach(wishes::addFirst);
                work();
            }

            @Override
            public void failed(SqlError why) {
                connecting = false;
                refuse(why);
                again();
            }
        });
    }

    private void refuse(SqlError why) {
        ArrayDeque<Wish> refused = new ArrayDeque<>(wishes);
        wishes.clear();
        refused.forEach(wish -> wish.done().accept(why));
    }

    private void lost(ServerConnection gone) {
        if (connection == gone) {
            connection = null;
            if (!closed && !channels.isEmpty()) {
                LOG.warn("the connection that listens was lost - server={}", key.name());
                again();
            }
        }
    }

    private void again() {
        if (!closed && !channels.isEmpty() && !scheduled) {
            scheduled = true;
            loop.schedule(
                    () -> {
                        scheduled = false;
                        if (connection == null && !closed && !channels.isEmpty()) {
                            connect();
                        }
                    },
                    RECONNECT_MILLIS,
                    TimeUnit.MILLISECONDS);
        }
    }

    private void deliver(ByteBuf body) {
        try {
            ByteBuf fields = body.duplicate();
            fields.skipBytes(4);
            Set<Subscriber> subscribers = channels.get(ServerMessages.string(fields));
            if (subscribers != null) {
                List.copyOf(subscribers).forEach(subscriber -> subscriber.notified(body));
            }
        } catch (SqlException | IndexOutOfBoundsException e) {
            LOG.warn("a notification was not understood: {} - server={}", e.getMessage(), key.name());
        }
    }

    /** Listens over another connection from now on. */
    void renew() {
        ServerConnection open = connection;
        if (open != null) {
            open.close();
        }
    }

    void close() {
        closed = true;
        ServerConnection open = connection;
        connection = null;
        if (open != null) {
            open.close();
        }
    }
}
