package io.plinth.dbproxy.client;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.session.ClientPlaces;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** Every client that is connected. Shared by the loops. */
public final class Clients {
    private static final long ROUND_MILLIS = 20;

    private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong ids = new AtomicLong();
    private final ClientPlaces places = new ClientPlaces();

    long enter(ClientConnection connection) {
        open.add(connection);
        return ids.incrementAndGet();
    }

    /** A client has proved who it is; throws when there is no place for it. */
    void admit(Channel channel, Database database, String user) throws SqlException {
        SqlError full = places.enter(database.name(), user, database.rules().clients());
        if (full != null) {
            throw new SqlException(full);
        }
        channel.closeFuture().addListener(closed -> places.leave(database.name(), user));
    }

    void leave(ClientConnection connection) {
        open.remove(connection);
    }

    /** How many are connected. */
    public int count() {
        return open.size();
    }

    /** Lets clients go as each ends its transaction; completes when none is left that {@code which} picks. */
    public CompletionStage<Void> letGo(Predicate<ClientConnection> which, String why) {
        CompletableFuture<Void> gone = new CompletableFuture<>();
        round(gone, which, why);
        return gone;
    }

    private void round(CompletableFuture<Void> gone, Predicate<ClientConnection> which, String why) {
        List<ClientConnection> left = open.stream().filter(which).toList();
        if (left.isEmpty()) {
            gone.complete(null);
            return;
        }
        left.forEach(connection -> connection.loop().execute(() -> connection.closeWhenQuiet(why)));
        CompletableFuture.delayedExecutor(ROUND_MILLIS, TimeUnit.MILLISECONDS).execute(() -> round(gone, which, why));
    }

    /** Ends the conversations that {@code which} picks, whatever is under way; tells how many. */
    public int kill(Predicate<ClientConnection> which, String why) {
        List<ClientConnection> picked = open.stream().filter(which).toList();
        picked.forEach(connection -> connection.loop().execute(() -> connection.end(why)));
        return picked.size();
    }

    /** Closes every client at once. */
    public void close() {
        open.forEach(ClientConnection::drop);
    }

    /** Every client that is logged in, as it is now; asked on the loop of each. */
    public CompletionStage<List<ClientView>> views() {
        Map<EventLoop, List<ClientConnection>> byLoop = new HashMap<>();
        open.forEach(connection -> byLoop.computeIfAbsent(connection.loop(), l -> new ArrayList<>())
                .add(connection));
        CompletableFuture<List<ClientView>> all = CompletableFuture.completedFuture(new ArrayList<>());
        for (Map.Entry<EventLoop, List<ClientConnection>> entry : byLoop.entrySet()) {
            all = all.thenCombine(
                    CompletableFuture.supplyAsync(
                            () -> entry.getValue().stream()
                                    .map(ClientConnection::view)
                                    .filter(Objects::nonNull)
                                    .toList(),
                            entry.getKey()),
                    (before, more) -> {
                        before.addAll(more);
                        return before;
                    });
        }
        return all;
    }
}
