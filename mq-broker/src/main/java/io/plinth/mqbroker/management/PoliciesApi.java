package io.plinth.mqbroker.management;

import io.plinth.mqbroker.argument.Declared;
import io.plinth.mqbroker.argument.PolicyKeys;
import io.plinth.mqbroker.argument.QueueArguments;
import io.plinth.mqbroker.auth.SafePattern;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /api/policies}, {@code /api/operator-policies}, parameters and limits. */
final class PoliciesApi {
    static final String LIMITS = "vhost-limits";
    private static final String OPERATOR_POLICY = "operator_policy";
    private static final Set<String> APPLY_TO =
            Set.of("all", "queues", "exchanges", "classic_queues", "quorum_queues", "streams");

    private static final Set<String> OF_VHOSTS = Set.of("max-connections", "max-queues");
    static final Set<String> OF_USERS = Set.of("max-connections", "max-channels");

    private final Changes changes;

    PoliciesApi(Changes changes) {
        this.changes = changes;
    }

    void register(ApiTable table) {
        policies(table, "policies", Settings.POLICY, Level.POLICYMAKER);
        policies(table, "operator-policies", Settings.OPERATOR_POLICY, Level.ADMINISTRATOR);
        parameters(table);
        globals(table);
        limits(table);
    }

    private void policies(ApiTable table, String path, String kind, Level level) {
        table.add("GET", path, Level.MANAGEMENT, call -> listed(call, policies(call, kind, null)));
        table.add("GET", path + "/{vhost}", Level.MANAGEMENT, call -> {
            changes.topology(call.vhost());
            return listed(call, policies(call, kind, call.vhost()));
        });
        String one = path + "/{vhost}/{name}";
        table.add("GET", one, Level.MANAGEMENT, call -> AccessApi.now(policy(key(call), get(kind, key(call)))));
        table.add("PUT", one, level, call -> {
            changes.topology(call.vhost());
            boolean known = changes.settings().get(kind, key(call)) != null;
            return putPolicy(kind, call.vhost(), call.name("name"), call.document())
                    .thenApply(done -> ApiResponse.put(known));
        });
        table.add("DELETE", one, level, call -> remove(kind, key(call)));
    }

    private static String key(ApiCall call) {
        return Settings.key(call.vhost(), Changes.clean(call.name("name")));
    }

    private FieldTable get(String kind, String key) {
        FieldTable known = changes.settings().get(kind, key);
        if (known == null) {
            throw ApiException.notFound();
        }
        return known;
    }

    private CompletionStage<ApiResponse> remove(String kind, String key) {
        get(kind, key);
        return changes.set(kind, key, null).thenApply(done -> ApiResponse.done());
    }

    private static CompletionStage<ApiResponse> listed(ApiCall call, List<Map<String, @Nullable Object>> items) {
        return CompletableFuture.completedFuture(Listing.of(call, items));
    }

    List<Map<String, @Nullable Object>> policies(ApiCall call, String kind, @Nullable String vhost) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        changes.settings().all(kind).forEach((key, table) -> {
            String of = Settings.names(key).getFirst();
            if ((vhost == null || vhost.equals(of)) && call.sees(of)) {
                all.add(policy(key, table));
            }
        });
        return all;
    }

    private static Map<String, @Nullable Object> policy(String key, FieldTable table) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("vhost", Settings.names(key).getFirst());
        shown.put("name", Settings.names(key).getLast());
        shown.put("pattern", table.get("pattern"));
        shown.put("apply-to", table.get("apply-to"));
        shown.put("definition", Tables.json(table.get("definition")));
        shown.put("priority", Tables.json(table.get("priority")));
        return shown;
    }

    /** Sets a policy as a request or a file of definitions says. */
    CompletionStage<?> putPolicy(String kind, String vhost, String name, Map<String, @Nullable Object> document) {
        return changes.set(kind, Settings.key(vhost, Changes.clean(name)), read(kind, document));
    }

    /** A policy, if it is one. */
    static FieldTable read(String kind, Map<String, @Nullable Object> document) {
        if (!(document.get("pattern") instanceof String pattern)) {
            throw ApiException.badRequest("[{key_missing,pattern}]");
        }
        if (!(document.get("definition") instanceof Map<?, ?> definition)) {
            throw ApiException.badRequest("[{key_missing,definition}]");
        }
        String problem = SafePattern.problem(pattern);
        if (problem != null) {
            throw ApiException.badRequest("Validation failed\n\npattern: " + problem);
        }
        Object applyTo = document.getOrDefault("apply-to", kind.equals(Settings.POLICY) ? "all" : "queues");
        if (!APPLY_TO.contains(String.valueOf(applyTo))) {
            throw ApiException.badRequest("Validation failed\n\napply-to: " + applyTo + " (expected: one of "
                    + APPLY_TO.stream().sorted().toList() + ")");
        }
        if (definition.isEmpty()) {
            throw ApiException.badRequest("Validation failed\n\nno policy provided");
        }
        Object priority = document.getOrDefault("priority", 0L);
        if (priority instanceof String text && text.matches("-?[0-9]{1,9}")) {
            priority = Long.parseLong(text);
        }
        if (!(priority instanceof Long)) {
            throw ApiException.badRequest("Validation failed\n\npriority: " + priority + " (expected: a whole number)");
        }
        check(Tables.table(definition), kind.equals(Settings.OPERATOR_POLICY));
        return FieldTable.EMPTY
                .with("pattern", pattern)
                .with("apply-to", String.valueOf(applyTo))
                .with("definition", Tables.table(definition))
                .with("priority", priority);
    }

    /** A value no queue could have is refused here, as a queue's argument would be. */
    private static void check(FieldTable definition, boolean operator) {
        String unknown = PolicyKeys.unknown(definition, operator);
        if (unknown != null) {
            throw ApiException.badRequest("Validation failed\n\n" + unknown + " are not recognised policy settings\n");
        }
        for (Map.Entry<String, @Nullable Object> entry : definition.entries().entrySet()) {
            if (!entry.getKey().equals("dead-letter-routing-key")) {
                FieldTable argument = FieldTable.EMPTY.with("x-" + entry.getKey(), entry.getValue());
                QueueArguments.of(argument);
                Declared.check(argument, QueueArguments.Type.CLASSIC, "policy");
            }
        }
    }

    private void parameters(ApiTable table) {
        table.add("GET", "parameters", Level.POLICYMAKER, call -> listed(call, parameters(call, null, null)));
        table.add(
                "GET",
                "parameters/{component}",
                Level.POLICYMAKER,
                call -> listed(call, parameters(call, call.name("component"), null)));
        table.add(
                "GET",
                "parameters/{component}/{vhost}",
                Level.POLICYMAKER,
                call -> listed(call, parameters(call, call.name("component"), call.vhost())));
        String one = "parameters/{component}/{vhost}/{name}";
        table.add("GET", one, Level.POLICYMAKER, call -> {
            String name = call.name("name");
            if (OPERATOR_POLICY.equals(call.name("component"))) {
                String key = Settings.key(call.vhost(), name);
                return AccessApi.now(operator(key, get(Settings.OPERATOR_POLICY, key)));
            }
            String key = Settings.key(call.vhost(), call.name("component"), name);
            return AccessApi.now(parameter(key, get(Settings.PARAMETER, key)));
        });
        table.add("PUT", one, Level.POLICYMAKER, call -> {
            changes.topology(call.vhost());
            String component = call.name("component");
            boolean known = OPERATOR_POLICY.equals(component)
                    ? changes.settings().get(Settings.OPERATOR_POLICY, key(call)) != null
                    : changes.settings()
                                    .get(Settings.PARAMETER, Settings.key(call.vhost(), component, call.name("name")))
                            != null;
            return putParameter(component, call.vhost(), call.name("name"), call.document())
                    .thenApply(done -> ApiResponse.put(known));
        });
        table.add(
                "DELETE",
                one,
                Level.POLICYMAKER,
                call -> OPERATOR_POLICY.equals(call.name("component"))
                        ? remove(Settings.OPERATOR_POLICY, key(call))
                        : remove(
                                Settings.PARAMETER,
                                Settings.key(call.vhost(), call.name("component"), call.name("name"))));
    }

    /** Whether there is such a kind of parameter; RabbitMQ has more of them in plugins. */
    static boolean knows(String component) {
        return component.equals(LIMITS) || component.equals(OPERATOR_POLICY);
    }

    /** Sets a parameter of a component as a request or a file of definitions says. */
    CompletionStage<?> putParameter(
            String component, String vhost, String name, Map<String, @Nullable Object> document) {
        if (!knows(component)) {
            throw ApiException.badRequest("Validation failed\n\ncomponent " + component + " not found\n");
        }
        checkParameter(component, document);
        if (component.equals(LIMITS)) {
            return putValue(Settings.PARAMETER, Settings.key(vhost, component, Changes.clean(name)), document);
        }
        return putPolicy(Settings.OPERATOR_POLICY, vhost, name, object(document));
    }

    /** Refuses the value of a parameter that is none for its component; of unknown components nothing is known. */
    static void checkParameter(String component, Map<String, @Nullable Object> document) {
        switch (component) {
            case LIMITS -> checkLimits(object(document), OF_VHOSTS);
            case OPERATOR_POLICY -> read(Settings.OPERATOR_POLICY, object(document));
            default -> {}
        }
    }

    private static Map<String, @Nullable Object> object(Map<String, @Nullable Object> document) {
        if (!(value(document) instanceof Map<?, ?> value)) {
            throw ApiException.badRequest("value: " + document.get("value") + " (expected: an object)");
        }
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        value.forEach((key, entry) -> object.put(String.valueOf(key), entry));
        return object;
    }

    /** The value of a document. */
    static @Nullable Object value(Map<String, @Nullable Object> document) {
        if (!document.containsKey("value")) {
            throw ApiException.badRequest("[{key_missing,value}]");
        }
        return document.get("value");
    }

    /** Refuses limits of other names, or that are no whole numbers. */
    static void checkLimits(Map<?, ?> limits, Set<String> names) {
        limits.forEach((name, limit) -> {
            if (!names.contains(String.valueOf(name))) {
                throw ApiException.badRequest("Validation failed\n\nUnrecognised terms [{" + name + "," + limit
                        + "}] in limits (expected: " + names.stream().sorted().toList() + ")\n");
            }
            if (!(limit instanceof Long)) {
                throw ApiException.badRequest(
                        "Validation failed\n\n" + name + " should be a number, actually was " + limit + "\n");
            }
        });
    }

    List<Map<String, @Nullable Object>> parameters(ApiCall call, @Nullable String component, @Nullable String vhost) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        changes.settings().all(Settings.PARAMETER).forEach((key, table) -> {
            List<String> names = Settings.names(key);
            if ((component == null || component.equals(names.get(1)))
                    && (vhost == null || vhost.equals(names.get(0)))
                    && call.sees(names.get(0))) {
                all.add(parameter(key, table));
            }
        });
        if (component == null || component.equals(OPERATOR_POLICY)) {
            changes.settings().all(Settings.OPERATOR_POLICY).forEach((key, table) -> {
                String of = Settings.names(key).getFirst();
                if ((vhost == null || vhost.equals(of)) && call.sees(of)) {
                    all.add(operator(key, table));
                }
            });
        }
        return all;
    }

    /** An operator policy is a parameter, too: this is how RabbitMQ's definitions have it. */
    private static Map<String, @Nullable Object> operator(String key, FieldTable table) {
        Map<String, @Nullable Object> value = policy(key, table);
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("vhost", value.remove("vhost"));
        shown.put("name", value.remove("name"));
        shown.put("component", OPERATOR_POLICY);
        shown.put("value", value);
        return shown;
    }

    private static Map<String, @Nullable Object> parameter(String key, FieldTable table) {
        List<String> names = Settings.names(key);
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("value", Tables.json(table.get("value")));
        shown.put("vhost", names.get(0));
        shown.put("component", names.get(1));
        shown.put("name", names.get(2));
        return shown;
    }

    /** Sets a parameter to the value of the document. */
    CompletionStage<?> putValue(String kind, String key, Map<String, @Nullable Object> document) {
        return changes.set(kind, key, FieldTable.EMPTY.with("value", Tables.value(value(document))));
    }

    private void globals(ApiTable table) {
        table.add("GET", "global-parameters", Level.POLICYMAKER, call -> listed(call, globals()));
        String one = "global-parameters/{name}";
        table.add("GET", one, Level.POLICYMAKER, call -> {
            FieldTable known = get(Settings.GLOBAL_PARAMETER, call.name("name"));
            return AccessApi.now(global(call.name("name"), known));
        });
        table.add("PUT", one, Level.POLICYMAKER, call -> {
            String name = Changes.clean(call.name("name"));
            boolean known = changes.settings().get(Settings.GLOBAL_PARAMETER, name) != null;
            return putValue(Settings.GLOBAL_PARAMETER, name, call.document()).thenApply(done -> ApiResponse.put(known));
        });
        table.add("DELETE", one, Level.POLICYMAKER, call -> remove(Settings.GLOBAL_PARAMETER, call.name("name")));
    }

    List<Map<String, @Nullable Object>> globals() {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        changes.settings().all(Settings.GLOBAL_PARAMETER).forEach((name, table) -> all.add(global(name, table)));
        return all;
    }

    private static Map<String, @Nullable Object> global(String name, FieldTable table) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("name", name);
        shown.put("value", Tables.json(table.get("value")));
        return shown;
    }

    private void limits(ApiTable table) {
        table.add("GET", LIMITS, Level.MANAGEMENT, call -> listed(call, vhostLimits(call, null)));
        table.add("GET", LIMITS + "/{vhost}", Level.MANAGEMENT, call -> {
            changes.topology(call.vhost());
            return listed(call, vhostLimits(call, call.vhost()));
        });
        table.add("PUT", LIMITS + "/{vhost}/{name}", Level.ADMINISTRATOR, call -> {
            changes.topology(call.vhost());
            FieldTable limits = vhostLimits(call.vhost()).with(limitName(call, "max-queues"), value(call));
            return setVhostLimits(call, limits);
        });
        table.add(
                "DELETE",
                LIMITS + "/{vhost}/{name}",
                Level.ADMINISTRATOR,
                call -> setVhostLimits(call, vhostLimits(call.vhost()).without(call.name("name"))));
        table.add("GET", "user-limits", Level.MANAGEMENT, call -> listed(call, userLimits(null)));
        table.add("GET", "user-limits/{user}", Level.MANAGEMENT, call -> listed(call, userLimits(call.name("user"))));
        table.add("PUT", "user-limits/{user}/{name}", Level.ADMINISTRATOR, call -> {
            if (changes.broker().access().user(call.name("user")) == null) {
                throw ApiException.notFound();
            }
            FieldTable limits = userLimit(call.name("user")).with(limitName(call, "max-channels"), value(call));
            return changes.set(Settings.USER_LIMITS, call.name("user"), limits).thenApply(done -> ApiResponse.done());
        });
        table.add(
                "DELETE",
                "user-limits/{user}/{name}",
                Level.ADMINISTRATOR,
                call -> changes.set(
                                Settings.USER_LIMITS,
                                call.name("user"),
                                userLimit(call.name("user")).without(call.name("name")))
                        .thenApply(done -> ApiResponse.done()));
    }

    private static String limitName(ApiCall call, String other) {
        String name = call.name("name");
        if (!name.equals("max-connections") && !name.equals(other)) {
            throw ApiException.badRequest("limit: " + name + " (expected: max-connections or " + other + ")");
        }
        return name;
    }

    private static Object value(ApiCall call) {
        Object value = call.document().get("value");
        if (value instanceof String text && text.matches("-?[0-9]{1,18}")) {
            value = Long.parseLong(text);
        }
        if (!(value instanceof Long)) {
            throw ApiException.badRequest("limit: " + value + " (expected: {\"value\": a whole number})");
        }
        return value;
    }

    private FieldTable vhostLimits(String vhost) {
        FieldTable known = changes.settings().get(Settings.PARAMETER, Settings.key(vhost, LIMITS, "limits"));
        return known != null && known.get("value") instanceof FieldTable limits ? limits : FieldTable.EMPTY;
    }

    private CompletionStage<ApiResponse> setVhostLimits(ApiCall call, FieldTable limits) {
        return changes.set(
                        Settings.PARAMETER,
                        Settings.key(call.vhost(), LIMITS, "limits"),
                        limits.isEmpty() ? null : FieldTable.EMPTY.with("value", limits))
                .thenApply(done -> ApiResponse.done());
    }

    private List<Map<String, @Nullable Object>> vhostLimits(ApiCall call, @Nullable String vhost) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (String name : changes.settings().all(Settings.VHOST).keySet()) {
            FieldTable limits = vhostLimits(name);
            if (!limits.isEmpty() && (vhost == null || vhost.equals(name)) && call.sees(name)) {
                Map<String, @Nullable Object> shown = new LinkedHashMap<>();
                shown.put("vhost", name);
                shown.put("value", Tables.json(limits));
                all.add(shown);
            }
        }
        return all;
    }

    private FieldTable userLimit(String user) {
        FieldTable known = changes.settings().get(Settings.USER_LIMITS, user);
        return known == null ? FieldTable.EMPTY : known;
    }

    private List<Map<String, @Nullable Object>> userLimits(@Nullable String user) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        changes.settings().all(Settings.USER_LIMITS).forEach((name, limits) -> {
            if (!limits.isEmpty() && (user == null || user.equals(name))) {
                Map<String, @Nullable Object> shown = new LinkedHashMap<>();
                shown.put("user", name);
                shown.put("value", Tables.json(limits));
                all.add(shown);
            }
        });
        return all;
    }
}
