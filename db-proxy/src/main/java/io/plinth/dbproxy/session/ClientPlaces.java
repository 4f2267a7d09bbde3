package io.plinth.dbproxy.session;

import io.plinth.dbproxy.wire.SqlError;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** How many clients of each database and user are logged in. Shared by the loops. */
public final class ClientPlaces {
    private final Map<List<String>, Integer> taken = new ConcurrentHashMap<>();

    /** Takes a place of the database and of the user, to be given back with {@link #leave}; or tells why there is none. */
    public @Nullable SqlError enter(String database, String user, ClientBounds bounds) {
        if (!take(List.of(database), bounds.max())) {
            return full("database \"" + database + "\" has " + bounds.max() + " clients", "clients.max");
        }
        if (!take(List.of(database, user), bounds.perUser())) {
            give(List.of(database));
            return full(
                    "user \"" + user + "\" has " + bounds.perUser() + " clients of database \"" + database + "\"",
                    "clients.per-user");
        }
        return null;
    }

    public void leave(String database, String user) {
        give(List.of(database));
        give(List.of(database, user));
    }

    private boolean take(List<String> whose, int most) {
        boolean[] taken = {false};
        this.taken.compute(whose, (key, before) -> {
            int now = before == null ? 0 : before;
            taken[0] = most == 0 || now < most;
            return taken[0] ? (Integer) (now + 1) : before;
        });
        return taken[0];
    }

    private void give(List<String> whose) {
        taken.computeIfPresent(whose, (key, before) -> before == 1 ? null : before - 1);
    }

    private static SqlError full(String what, String key) {
        return new SqlError(
                SqlError.TOO_MANY_CONNECTIONS,
                what + " (expected: fewer, by " + key + ")",
                "Close connections that are not needed, or raise " + key + " of the database.");
    }
}
