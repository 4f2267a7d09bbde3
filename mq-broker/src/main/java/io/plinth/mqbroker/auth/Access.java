package io.plinth.mqbroker.auth;

import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.FieldTable;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Who may connect and do what: users and permissions of the settings, and beside them the users of the configuration. */
public final class Access {
    private static final String GUEST = "guest";
    private static final User NOBODY = new User("", "", PasswordHash.SHA256, List.of(), false, false);

    private final Settings settings;
    private final Attempts attempts;
    private volatile Map<String, User> file = Map.of();
    private volatile long fileVersion;

    public Access(Settings settings, Collection<User> file, Attempts attempts) {
        this.settings = settings;
        this.attempts = attempts;
        reload(file);
    }

    /** The users of the configuration, from now on. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one caller at a time
    public void reload(Collection<User> users) {
        Map<String, User> byName = new TreeMap<>();
        users.forEach(user -> byName.put(user.name(), user));
        file = byName;
        fileVersion++;
    }

    public Settings settings() {
        return settings;
    }

    /** Changes when anything here does. */
    public long version() {
        return settings.version() + fileVersion;
    }

    public @Nullable User user(String name) {
        User known = file.get(name);
        if (known != null) {
            return known;
        }
        FieldTable table = settings.get(Settings.USER, name);
        return table == null ? null : user(name, table);
    }

    private static User user(String name, FieldTable table) {
        String hash = table.string("password_hash");
        PasswordHash algorithm = PasswordHash.of(table.string("hashing_algorithm"));
        return new User(
                name,
                hash == null ? "" : hash,
                algorithm == null ? PasswordHash.SHA256 : algorithm,
                strings(table.get("tags")),
                name.equals(GUEST),
                false);
    }

    private static List<String> strings(@Nullable Object value) {
        List<String> strings = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(item -> strings.add(String.valueOf(item)));
        }
        return strings;
    }

    public List<User> users() {
        Map<String, User> all = new TreeMap<>();
        settings.all(Settings.USER).forEach((name, table) -> all.put(name, user(name, table)));
        all.putAll(file);
        return List.copyOf(all.values());
    }

    /** How often it was tried. */
    public Attempts attempts() {
        return attempts;
    }

    /** Whether the user may connect from there; takes as long for an unknown user as for a wrong password. */
    public boolean admits(Attempts.Protocol to, Sasl.Login login, InetAddress from) {
        User known = user(login.user());
        User user = known == null ? NOBODY : known;
        boolean same = user.algorithm().matches(user.hash(), login.password());
        boolean admitted = same && known != null && near(user, from);
        attempts.tried(to, from, login.user(), admitted);
        return admitted;
    }

    /** Whether the user exists and may connect from there, for a mechanism that has shown who it is. */
    public boolean admits(Attempts.Protocol to, String name, InetAddress from) {
        User user = user(name);
        boolean admitted = user != null && near(user, from);
        attempts.tried(to, from, name, admitted);
        return admitted;
    }

    private static boolean near(User user, InetAddress from) {
        return from.isLoopbackAddress() || !user.loopbackOnly();
    }

    /** What the user may do in the virtual host, or null where it may not even enter. */
    public @Nullable Grant grant(String user, String vhost) {
        User known = user(user);
        FieldTable table = settings.get(Settings.PERMISSION, Settings.key(user, vhost));
        if (known == null) {
            return null;
        }
        if (table == null) {
            return known.fromFile() ? Grant.EVERYTHING : null;
        }
        return Grant.of(table);
    }

    /** Whether the user may enter the virtual host. */
    public boolean enters(String user, String vhost) {
        return grant(user, vhost) != null;
    }

    /** The limit of a user ({@code max-connections}, {@code max-channels}), or -1. */
    public long userLimit(String user, String name) {
        FieldTable limits = settings.get(Settings.USER_LIMITS, user);
        Long limit = limits == null ? null : FieldTable.integer(limits.get(name));
        return limit == null ? -1 : limit;
    }

    /** The limit of a virtual host ({@code max-connections}, {@code max-queues}), or -1. */
    public static long vhostLimit(Settings settings, String vhost, String name) {
        FieldTable limits = settings.get(Settings.PARAMETER, Settings.key(vhost, "vhost-limits", "limits"));
        Object value = limits == null ? null : limits.get("value");
        Long limit = value instanceof FieldTable table ? FieldTable.integer(table.get(name)) : null;
        return limit == null ? -1 : limit;
    }

    /** The patterns of a user in a virtual host. */
    public record Grant(SafePattern configure, SafePattern write, SafePattern read) {
        static final Grant EVERYTHING = new Grant(SafePattern.of(".*"), SafePattern.of(".*"), SafePattern.of(".*"));
        static final Grant NOTHING = new Grant(SafePattern.of(""), SafePattern.of(""), SafePattern.of(""));

        static Grant of(FieldTable table) {
            return new Grant(pattern(table, "configure"), pattern(table, "write"), pattern(table, "read"));
        }

        private static SafePattern pattern(FieldTable table, String name) {
            String text = table.string(name);
            return SafePattern.of(text == null ? "" : text);
        }
    }
}
