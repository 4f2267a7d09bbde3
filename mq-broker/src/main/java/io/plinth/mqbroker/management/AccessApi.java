package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.auth.PasswordHash;
import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.auth.SafePattern;
import io.plinth.mqbroker.auth.User;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/** {@code /api/users}, {@code /api/permissions}, {@code /api/topic-permissions} and {@code /api/whoami}. */
final class AccessApi {
    private final Changes changes;

    AccessApi(Changes changes) {
        this.changes = changes;
    }

    void register(ApiTable table) {
        table.add("GET", "whoami", Level.MANAGEMENT, call -> now(whoami(call)));
        table.add("GET", "users", Level.ADMINISTRATOR, call -> users(call, user -> true));
        table.add("GET", "users/without-permissions", Level.ADMINISTRATOR, call -> users(call, this::homeless));
        table.add("POST", "users/bulk-delete", Level.ADMINISTRATOR, this::bulkDelete);
        table.add("GET", "users/{user}", Level.ADMINISTRATOR, call -> now(user(known(call))));
        table.add("PUT", "users/{user}", Level.ADMINISTRATOR, this::put);
        table.add("DELETE", "users/{user}", Level.ADMINISTRATOR, call -> {
            known(call);
            return delete(call.name("user")).thenApply(done -> ApiResponse.done());
        });
        table.add(
                "GET",
                "users/{user}/permissions",
                Level.ADMINISTRATOR,
                call -> permissions(call, Settings.PERMISSION, (user, vhost) -> user.equals(call.name("user"))));
        table.add(
                "GET",
                "users/{user}/topic-permissions",
                Level.ADMINISTRATOR,
                call -> permissions(call, Settings.TOPIC_PERMISSION, (user, vhost) -> user.equals(call.name("user"))));
        table.add(
                "GET",
                "vhosts/{vhost}/permissions",
                Level.ADMINISTRATOR,
                call -> permissions(call, Settings.PERMISSION, (user, vhost) -> vhost.equals(call.vhost())));
        table.add(
                "GET",
                "vhosts/{vhost}/topic-permissions",
                Level.ADMINISTRATOR,
                call -> permissions(call, Settings.TOPIC_PERMISSION, (user, vhost) -> vhost.equals(call.vhost())));
        register(table, "permissions", Settings.PERMISSION);
        register(table, "topic-permissions", Settings.TOPIC_PERMISSION);
    }

    private void register(ApiTable table, String path, String kind) {
        String one = path + "/{vhost}/{user}";
        table.add("GET", path, Level.ADMINISTRATOR, call -> permissions(call, kind, (user, vhost) -> true));
        table.add("GET", one, Level.ADMINISTRATOR, call -> {
            List<Map<String, @Nullable Object>> found =
                    permissions(kind, (user, vhost) -> user.equals(call.name("user")) && vhost.equals(call.vhost()));
            if (found.isEmpty()) {
                throw ApiException.notFound();
            }
            return now(kind.equals(Settings.PERMISSION) ? found.getFirst() : found);
        });
        table.add("PUT", one, Level.ADMINISTRATOR, call -> grant(call, kind));
        table.add("DELETE", one, Level.ADMINISTRATOR, call -> revoke(call, kind));
        if (kind.equals(Settings.TOPIC_PERMISSION)) {
            table.add("DELETE", one + "/{exchange}", Level.ADMINISTRATOR, call -> {
                String key = Settings.key(call.name("user"), call.vhost(), BindingsApi.name(call.name("exchange")));
                if (changes.settings().get(kind, key) == null) {
                    throw ApiException.notFound();
                }
                return changes.set(kind, key, null).thenApply(done -> ApiResponse.done());
            });
        }
    }

    static CompletionStage<ApiResponse> now(Object document) {
        return CompletableFuture.completedFuture(ApiResponse.json(document));
    }

    private static Map<String, @Nullable Object> whoami(ApiCall call) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("name", call.user().name());
        shown.put("tags", call.user().tags());
        return shown;
    }

    private Access access() {
        return changes.broker().access();
    }

    private User known(ApiCall call) {
        User user = access().user(call.name("user"));
        if (user == null) {
            throw ApiException.notFound();
        }
        return user;
    }

    private CompletionStage<ApiResponse> users(ApiCall call, java.util.function.Predicate<User> which) {
        return CompletableFuture.completedFuture(Listing.of(
                call, access().users().stream().filter(which).map(this::user).toList()));
    }

    private boolean homeless(User user) {
        return !user.fromFile()
                && permissions(Settings.PERMISSION, (name, vhost) -> name.equals(user.name()))
                        .isEmpty();
    }

    Map<String, @Nullable Object> user(User user) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("name", user.name());
        shown.put("password_hash", user.hash());
        shown.put("hashing_algorithm", user.algorithm().text());
        shown.put("tags", user.tags());
        FieldTable limits = changes.settings().get(Settings.USER_LIMITS, user.name());
        shown.put("limits", limits == null ? Map.of() : Tables.json(limits));
        return shown;
    }

    private CompletionStage<ApiResponse> put(ApiCall call) {
        String name = Changes.clean(call.name("user"));
        boolean known = access().user(name) != null;
        return putUser(name, call.document()).thenApply(done -> ApiResponse.put(known));
    }

    /** Makes or changes a user as a request or a file of definitions says. */
    CompletionStage<?> putUser(String name, Map<String, @Nullable Object> document) {
        refuseFile(name);
        return changes.set(Settings.USER, name, readUser(name, document));
    }

    /** Whether the configuration file has it, so that nothing else changes it. */
    boolean inFile(String name) {
        User known = access().user(name);
        return known != null && known.fromFile();
    }

    /** A user as it is stored, if it can be. */
    FieldTable readUser(String name, Map<String, @Nullable Object> document) {
        if (!document.containsKey("tags")) {
            throw ApiException.badRequest("tags_not_present");
        }
        User before = access().user(name);
        String password = secret(document, "password");
        String hash = secret(document, "password_hash");
        if (password != null && hash != null) {
            throw ApiException.badRequest("both_password_and_password_hash_are_provided");
        }
        if (hash != null && !base64(hash)) {
            throw ApiException.badRequest("not_base64");
        }
        PasswordHash algorithm = PasswordHash.SHA256;
        if (document.get("hashing_algorithm") instanceof String text) {
            PasswordHash asked = PasswordHash.of(text);
            if (asked == null) {
                throw ApiException.badRequest("hashing_algorithm: " + text + " (expected: one of "
                        + Arrays.stream(PasswordHash.values())
                                .map(PasswordHash::text)
                                .toList() + ")");
            }
            algorithm = asked;
        }
        if (password != null && !password.isEmpty()) {
            algorithm = algorithm == PasswordHash.MD5 ? PasswordHash.SHA256 : algorithm;
            hash = algorithm.hash(password, changes.broker().random());
        } else if (hash == null && password == null && before != null) {
            hash = before.hash();
            algorithm = before.algorithm();
        }
        return FieldTable.EMPTY
                .with("password_hash", hash == null ? "" : hash)
                .with("hashing_algorithm", algorithm.text())
                .with("tags", tags(document.get("tags")));
    }

    /** A text, or null where there is none: a number in its place would leave the password that was there. */
    private static @Nullable String secret(Map<String, @Nullable Object> document, String key) {
        return switch (document.get(key)) {
            case null -> null;
            case String text -> text;
            default -> throw ApiException.badRequest(key + ": not a string (expected: a string)");
        };
    }

    private static boolean base64(String text) {
        try {
            Base64.getDecoder().decode(text);
            return text.length() % 4 == 0;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void refuseFile(String name) {
        if (inFile(name)) {
            throw ApiException.badRequest(
                    "user: " + name + " (expected: a user that is not in the configuration file; change it there)");
        }
    }

    private static List<String> tags(@Nullable Object tags) {
        List<String> all = new ArrayList<>();
        if (tags instanceof List<?> list) {
            list.forEach(tag -> all.add(String.valueOf(tag)));
        } else if (tags instanceof String text) {
            for (String tag : text.split(",", -1)) {
                if (!tag.isBlank()) {
                    all.add(tag.strip());
                }
            }
        }
        return all;
    }

    private CompletionStage<?> delete(String name) {
        refuseFile(name);
        return changes.set(Settings.USER, name, null).thenAccept(done -> {
            for (Connection connection : changes.broker().connections().all()) {
                if (connection.identity().user().equals(name)) {
                    connection.shutdown("user '" + name + "' is deleted");
                }
            }
        });
    }

    private CompletionStage<ApiResponse> bulkDelete(ApiCall call) {
        if (!(call.document().get("users") instanceof List<?> names)) {
            throw ApiException.badRequest("users: none (expected: a list of names)");
        }
        CompletionStage<?> all = CompletableFuture.completedFuture(null);
        for (Object name : names) {
            all = all.thenCompose(done -> delete(String.valueOf(name)));
        }
        return all.thenApply(done -> ApiResponse.done());
    }

    private CompletionStage<ApiResponse> permissions(ApiCall call, String kind, BiPredicate<String, String> which) {
        return CompletableFuture.completedFuture(Listing.of(call, permissions(kind, which)));
    }

    List<Map<String, @Nullable Object>> permissions(String kind, BiPredicate<String, String> which) {
        List<Map<String, @Nullable Object>> found = new ArrayList<>();
        changes.settings().all(kind).forEach((key, table) -> {
            List<String> names = Settings.names(key);
            if (which.test(names.get(0), names.get(1))) {
                Map<String, @Nullable Object> shown = new LinkedHashMap<>();
                shown.put("user", names.get(0));
                shown.put("vhost", names.get(1));
                if (names.size() > 2) {
                    shown.put("exchange", names.get(2));
                }
                shown.putAll(Tables.json(table));
                found.add(shown);
            }
        });
        return found;
    }

    private CompletionStage<ApiResponse> grant(ApiCall call, String kind) {
        if (access().user(call.name("user")) == null
                || changes.broker().vhosts().get(call.vhost()) == null) {
            throw ApiException.badRequest("vhost_or_user_not_found");
        }
        Map<String, @Nullable Object> document = call.document();
        document.put("user", call.name("user"));
        document.put("vhost", call.vhost());
        boolean known = changes.settings().get(kind, key(kind, document)) != null;
        return putPermission(kind, document).thenApply(done -> ApiResponse.put(known));
    }

    static String key(String kind, Map<String, @Nullable Object> document) {
        String user = String.valueOf(document.get("user"));
        String vhost = String.valueOf(document.get("vhost"));
        if (kind.equals(Settings.PERMISSION)) {
            return Settings.key(Changes.clean(user), Changes.clean(vhost));
        }
        if (!(document.get("exchange") instanceof String exchange)) {
            throw ApiException.badRequest("[{key_missing,exchange}]");
        }
        return Settings.key(Changes.clean(user), Changes.clean(vhost), Changes.clean(exchange));
    }

    /** Grants as a request or a file of definitions says. */
    CompletionStage<?> putPermission(String kind, Map<String, @Nullable Object> document) {
        changes.topology(String.valueOf(document.get("vhost")));
        return changes.set(kind, key(kind, document), patterns(kind, document));
    }

    /** What is granted, if that can be. */
    static FieldTable patterns(String kind, Map<String, @Nullable Object> document) {
        FieldTable patterns = FieldTable.EMPTY;
        List<String> wanted =
                kind.equals(Settings.PERMISSION) ? List.of("configure", "write", "read") : List.of("write", "read");
        for (String name : wanted) {
            if (!(document.get(name) instanceof String pattern)) {
                throw ApiException.badRequest("[{key_missing," + name + "}]");
            }
            String problem = kind.equals(Settings.TOPIC_PERMISSION)
                    ? Permissions.topicProblem(pattern)
                    : SafePattern.problem(pattern);
            if (problem != null) {
                throw ApiException.badRequest(problem);
            }
            patterns = patterns.with(name, pattern);
        }
        return patterns;
    }

    private CompletionStage<ApiResponse> revoke(ApiCall call, String kind) {
        String prefix = Settings.key(call.name("user"), call.vhost());
        CompletionStage<?> all = CompletableFuture.completedFuture(null);
        boolean any = false;
        for (String key : List.copyOf(changes.settings().all(kind).keySet())) {
            if (key.equals(prefix) || key.startsWith(Settings.key(prefix, ""))) {
                any = true;
                all = all.thenCompose(done -> changes.set(kind, key, null));
            }
        }
        if (!any) {
            throw ApiException.notFound();
        }
        return all.thenApply(done -> ApiResponse.done());
    }
}
