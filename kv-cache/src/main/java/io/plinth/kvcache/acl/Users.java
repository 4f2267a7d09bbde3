package io.plinth.kvcache.acl;

import io.plinth.kit.file.WholeFile;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.wire.Args;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: the users, by name behind one volatile field; changed under a lock. */
public final class Users {
    /** Who a connection is that has not said so. */
    public static final String DEFAULT = "default";

    private static final int MOST = 10_000;

    private final Catalogue catalogue;
    private final @Nullable Path file;
    private final AclLog log = new AclLog();
    private final ReentrantLock changing = new ReentrantLock();
    private final UserRef standard;
    private volatile Map<String, UserRef> byName;

    /** {@code file}: what ACL LOAD reads and ACL SAVE writes; null for none. */
    public Users(Catalogue catalogue, @Nullable String password, @Nullable Path file) {
        this.catalogue = catalogue;
        this.file = file;
        this.standard = new UserRef(AclUser.standard(password));
        this.byName = Map.of(DEFAULT, standard);
    }

    public Catalogue catalogue() {
        return catalogue;
    }

    public AclLog log() {
        return log;
    }

    /** The user of new connections. */
    public UserRef standard() {
        return standard;
    }

    /** Whether a new connection needs no password. */
    public boolean open() {
        AclUser user = standard.user();
        return user.noPassword() && user.enabled();
    }

    /** The user of a connection; null is said for the default one. */
    public UserRef of(@Nullable UserRef said) {
        return said == null ? standard : said;
    }

    /** A user by its name, or null. */
    public @Nullable UserRef find(String name) {
        return byName.get(name);
    }

    /** All names in order. */
    public Set<String> names() {
        return new TreeMap<>(byName).keySet();
    }

    /** All users by name. */
    public List<AclUser> all() {
        return new TreeMap<>(byName).values().stream().map(UserRef::user).toList();
    }

    /** The user whose password this is; null where there is none such, or it may not authenticate. */
    public @Nullable UserRef authenticate(String name, byte[] password) {
        UserRef ref = byName.get(name);
        AclUser user = ref == null ? null : ref.user();
        return user != null && user.enabled() && user.opens(password) ? ref : null;
    }

    /** Whether a user may give a command. The common case costs one look at its permissions. */
    public static Verdict check(UserRef ref, CommandFacts command, Args args) {
        AclUser user = ref.user();
        return user.unrestricted() ? Verdict.ALLOWED : user.check(command, args);
    }

    /** Whether a user may listen to a channel, or to a pattern of them. */
    public static boolean channelAllowed(UserRef ref, byte[] channel, boolean pattern) {
        return ref.user().channelAllowed(channel, pattern);
    }

    /** Whether a user may read every key. */
    public static boolean readsAllKeys(UserRef ref) {
        return ref.user().readsAllKeys();
    }

    /** ACL SETUSER: all rules or none. */
    public void set(String name, List<String> rules) {
        checkName(name);
        changing.lock();
        try {
            UserRef ref = byName.get(name);
            AclUser next = UserRules.apply(catalogue, ref == null ? AclUser.fresh(name) : ref.user(), rules);
            if (ref != null) {
                ref.set(next);
                return;
            }
            if (byName.size() >= MOST) {
                throw new AclException("users: " + byName.size() + " (expected: at most " + MOST + ")");
            }
            Map<String, UserRef> more = new LinkedHashMap<>(byName);
            more.put(name, new UserRef(next));
            byName = Map.copyOf(more);
        } finally {
            changing.unlock();
        }
    }

    private static void checkName(String name) {
        if (name.isEmpty() || name.chars().anyMatch(c -> c == 0 || Character.isWhitespace(c))) {
            throw new AclException("Usernames can't contain spaces or null characters");
        }
    }

    /** ACL DELUSER; answers whether there was one. */
    public boolean delete(String name) {
        if (name.equals(DEFAULT)) {
            throw new AclException("The 'default' user cannot be removed");
        }
        changing.lock();
        try {
            Map<String, UserRef> fewer = new LinkedHashMap<>(byName);
            UserRef old = fewer.remove(name);
            if (old == null) {
                return false;
            }
            old.delete();
            byName = Map.copyOf(fewer);
            return true;
        } finally {
            changing.unlock();
        }
    }

    /** What the password of the default user is from now on; null for none. */
    public void password(@Nullable String secret) {
        changing.lock();
        try {
            AclUser fresh = AclUser.standard(secret);
            AclUser old = standard.user();
            standard.set(new AclUser(
                    DEFAULT,
                    old.enabled(),
                    fresh.noPassword(),
                    old.sanitize(),
                    fresh.passwords(),
                    old.root(),
                    old.selectors()));
        } finally {
            changing.unlock();
        }
    }

    /** A user's line as it stands in plinth.yaml or in a file: its name and its rules. */
    public void add(String line) {
        List<String> words = Arrays.stream(line.trim().split("\\s+", -1)).toList();
        List<String> rules = new ArrayList<>(words.subList(1, words.size()));
        rules.addFirst("reset");
        set(words.getFirst(), rules);
    }

    /** Whether there is a file. */
    public boolean filed() {
        return file != null;
    }

    /** ACL LOAD: all users are those of the file, or nothing changes. A file of an administrator's size, so read at once. */
    public void load() throws IOException {
        Path from = file;
        if (from == null) {
            return;
        }
        Map<String, AclUser> read = new LinkedHashMap<>();
        List<String> problems = new ArrayList<>();
        List<String> lines = Files.exists(from) ? Files.readAllLines(from) : List.of();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).trim();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                AclUser user = parse(line);
                if (read.putIfAbsent(user.name(), user) != null) {
                    throw new AclException("Duplicate user '" + user.name() + "' found");
                }
            } catch (AclException e) {
                problems.add(from + ":" + (i + 1) + ": " + e.getMessage() + ". ");
            }
        }
        if (!problems.isEmpty()) {
            throw new AclException(String.join("", problems)
                    + "WARNING: ACL errors detected, no change to the previously active ACL rules was performed");
        }
        replace(read);
    }

    private AclUser parse(String line) {
        String[] words = line.split("\\s+", -1);
        if (words.length < 2 || !words[0].equals("user")) {
            throw new AclException("line should start with user keyword followed by the username");
        }
        checkName(words[1]);
        return UserRules.apply(
                catalogue, AclUser.fresh(words[1]), List.of(words).subList(2, words.length));
    }

    private void replace(Map<String, AclUser> read) {
        changing.lock();
        try {
            Map<String, UserRef> next = new LinkedHashMap<>();
            next.put(DEFAULT, standard);
            AclUser own = read.get(DEFAULT);
            standard.set(own == null ? AclUser.standard(null) : own);
            byName.forEach((name, ref) -> {
                if (!read.containsKey(name) && !name.equals(DEFAULT)) {
                    ref.delete();
                }
            });
            read.forEach((name, user) -> {
                UserRef ref = byName.get(name);
                if (ref == null) {
                    next.put(name, new UserRef(user));
                } else {
                    ref.set(user);
                    next.put(name, ref);
                }
            });
            byName = Map.copyOf(next);
        } finally {
            changing.unlock();
        }
    }

    /** ACL SAVE: the file is replaced as a whole. */
    public void save() throws IOException {
        Path to = file;
        if (to == null) {
            return;
        }
        WholeFile.replace(
                to, String.join("\n", all().stream().map(AclUser::text).toList()) + "\n");
    }
}
