package io.plinth.geodns.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.change.Change;
import io.plinth.geodns.change.Changes;
import io.plinth.geodns.change.ServedText;
import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneText;
import io.plinth.geodns.zone.Zones;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The API: zones, records, targets, overrides, latency and loads, each with {@code ?dry-run=true}, a diff as the answer,
 * versions and rollback. Answers come from a thread of their own, as loading takes its time.
 */
public final class ChangeRoutes {
    private static final Pattern SPAN = Pattern.compile("(\\d{1,6})([smhd])");

    private final Supplier<Changes> changes;
    private final Changes.Target target;
    private final Supplier<Snapshot> snapshot;
    private final TargetHealth health;
    private final Executor changing;
    private final Clock clock;
    private final Duration loadFor;
    private final Map<String, TargetHealth.Load> loads = new ConcurrentHashMap<>();

    /** What a handler does, on the thread of the changes. */
    @FunctionalInterface
    private interface Handler {
        Response handle(String[] path, Request request) throws IOException, ConfigException;
    }

    /** Routes over what {@code changes} gives once the node has started. */
    public ChangeRoutes(
            Supplier<Changes> changes,
            Changes.Target target,
            Supplier<Snapshot> snapshot,
            TargetHealth health,
            Executor changing,
            Clock clock,
            Duration loadFor) {
        this.changes = changes;
        this.target = target;
        this.snapshot = snapshot;
        this.health = health;
        this.changing = changing;
        this.clock = clock;
        this.loadFor = loadFor;
    }

    /** Adds the routes. */
    public void register(AdminRoutes routes) {
        route(routes, "GET", "/zones", (path, request) -> zones());
        route(routes, "GET", "/zones/*", (path, request) -> zoneText(path));
        route(routes, "PUT", "/zones/*", this::putZone);
        route(routes, "DELETE", "/zones/*", this::deleteZone);
        route(routes, "GET", "/targets", (path, request) -> targets());
        route(routes, "PUT", "/targets/*", this::putTargets);
        route(routes, "DELETE", "/targets/*", (path, request) -> change(key(path, 4), null, request));
        route(routes, "GET", "/overrides", (path, request) -> all("overrides/"));
        route(routes, "PUT", "/overrides/*", this::putOverride);
        route(routes, "DELETE", "/overrides/*", this::deleteOverride);
        route(routes, "GET", "/latency", (path, request) -> all("latency/"));
        route(routes, "PUT", "/latency/*", this::putLatency);
        route(routes, "DELETE", "/latency/*", (path, request) -> change(key(path, 3), null, request));
        route(routes, "PUT", "/loads/*", this::putLoad);
        route(routes, "GET", "/versions", (path, request) -> versions());
        route(routes, "GET", "/versions/*", (path, request) -> version(path));
        route(routes, "POST", "/versions/*", this::rollback);
    }

    private void route(AdminRoutes routes, String method, String path, Handler handler) {
        routes.route(method, path, request -> answer(handler, request));
    }

    private CompletionStage<Response> answer(Handler handler, Request request) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return handler.handle(request.path().split("/", -1), request);
                    } catch (IllegalArgumentException e) {
                        return Response.text(400, e.getMessage() + "\n");
                    } catch (ConfigException e) {
                        return Response.text(422, e.getMessage() + "\n");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                changing);
    }

    private static String key(String[] path, int parts) {
        if (path.length != parts || Arrays.stream(path).skip(2).anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("path: " + String.join("/", path) + " (expected: " + parts + " parts)");
        }
        return join(path);
    }

    private static String join(String[] path) {
        return String.join("/", Arrays.asList(path).subList(1, path.length));
    }

    private static String body(Request request) {
        return new String(request.body(), StandardCharsets.ISO_8859_1);
    }

    private Response change(String key, @Nullable String after, Request request) throws IOException, ConfigException {
        boolean dryRun = isDryRun(request);
        return changed(changes.get().apply(key, after, dryRun, target), dryRun);
    }

    private static boolean isDryRun(Request request) {
        return request.query().getOrDefault("dry-run", List.of()).contains("true");
    }

    private Response changed(List<String> diff, boolean dryRun) throws IOException {
        return json(json -> {
            json.writeStartObject();
            json.writeBooleanField("dry-run", dryRun);
            json.writeNumberField("version", changes.get().version());
            json.writeArrayFieldStart("diff");
            for (String line : diff) {
                json.writeString(line);
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    /** Writes one value. */
    @FunctionalInterface
    private interface Writing {
        void to(JsonGenerator json) throws IOException;
    }

    private static Response json(Writing writing) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            writing.to(json);
        }
        return Response.json(200, text.append('\n').toString());
    }

    private Zone zone(String name) {
        Zone zone = snapshot.get().zones().zone(Name.parse(name));
        if (zone == null) {
            throw new IllegalArgumentException("zone: " + name + " (expected: one of "
                    + snapshot.get().zones().all().stream().map(Zone::origin).toList() + ")");
        }
        return zone;
    }

    private Response zoneText(String[] path) {
        return Response.text(200, ServedText.zone(snapshot.get(), zone(path[2]), null));
    }

    /** What changes of a zone are kept under, in whatever case it is written. */
    private static String key(Name zone) {
        return "zones/" + zone.toString().toLowerCase(Locale.ROOT);
    }

    /** Those that are served, with what is wrong with their texts now; then those that never had a good one. */
    private Response zones() throws IOException {
        Map<String, String> changed = changes.get().current();
        Zones all = snapshot.get().zones();
        Set<Name> names = new LinkedHashSet<>();
        all.all().forEach(zone -> names.add(zone.origin()));
        names.addAll(all.broken().keySet());
        return json(json -> {
            json.writeStartArray();
            for (Name name : names) {
                Zone zone = all.zone(name);
                json.writeStartObject();
                json.writeStringField("zone", name.toString());
                if (zone != null) {
                    json.writeNumberField("serial", zone.serial());
                    json.writeNumberField("records", zone.records());
                }
                json.writeStringField("from", changed.containsKey(key(name)) ? "api" : "file");
                json.writeArrayFieldStart("problems");
                for (Problem problem : all.broken().getOrDefault(name, List.of())) {
                    json.writeString(problem.toString());
                }
                json.writeEndArray();
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    /** A whole zone, or {@code /zones/ZONE/records/NAME/TYPE}: lines of a TTL and data each. */
    private Response putZone(String[] path, Request request) throws IOException, ConfigException {
        if (path.length == 6 && path[3].equals("records")) {
            return record(
                    path, body(request).lines().filter(line -> !line.isBlank()).toList(), request);
        }
        return change(key(Name.parse(key(path, 3).substring("zones/".length()))), body(request), request);
    }

    private Response deleteZone(String[] path, Request request) throws IOException, ConfigException {
        if (path.length == 6 && path[3].equals("records")) {
            return record(path, null, request);
        }
        return change(key(Name.parse(key(path, 3).substring("zones/".length()))), null, request);
    }

    private Response record(String[] path, @Nullable List<String> lines, Request request)
            throws IOException, ConfigException {
        Zone zone = zone(path[2]);
        int type = RecordType.code(path[5]);
        if (type < 0) {
            throw new IllegalArgumentException("type: " + path[5] + " (expected: a record type such as A)");
        }
        Name owner = Name.parse(path[4], zone.origin());
        return change(
                key(zone.origin()),
                ServedText.zone(snapshot.get(), zone, new ZoneText.Edit(owner, type, lines)),
                request);
    }

    private Response targets() throws IOException {
        return json(json -> {
            json.writeStartArray();
            for (Policy policy : snapshot.get().policies().all()) {
                for (Target each : policy.targets()) {
                    json.writeStartObject();
                    json.writeStringField("policy", each.policy());
                    json.writeStringField("member", each.region());
                    json.writeStringField("address", each.address());
                    json.writeBooleanField("healthy", health.healthy(each));
                    json.writeBooleanField("overridden", health.statement(each) != null);
                    json.writeEndObject();
                }
            }
            json.writeEndArray();
        });
    }

    private Response putTargets(String[] path, Request request) throws IOException, ConfigException {
        String key = key(path, 4);
        List<String> addresses = Arrays.stream(body(request).split("[\\s,]+", -1))
                .filter(address -> !address.isEmpty())
                .toList();
        for (String address : addresses) {
            if (!Target.isAddress(address) && !(Target.isName(address) && addresses.size() == 1)) {
                throw new IllegalArgumentException("target: " + address
                        + " (expected: IPv4 and IPv6 addresses, or one name with a dot at its end)");
            }
        }
        Policy policy = snapshot.get().policies().find(path[2]);
        if (policy == null
                || addresses.isEmpty()
                || policy.members().stream()
                        .noneMatch(member -> member.name().equals(path[3]) && member.policy() == null)) {
            throw new IllegalArgumentException("targets: " + key
                    + " (expected: /targets/POLICY/MEMBER of a policy of the file, and at least one address)");
        }
        return change(key, String.join("\n", addresses) + "\n", request);
    }

    /** {@code up} or {@code down}; {@code ?for=10m} until then. */
    private Response putOverride(String[] path, Request request) throws IOException, ConfigException {
        String state = body(request).strip();
        if (!state.equals("up") && !state.equals("down")) {
            throw new IllegalArgumentException("override: " + state + " (expected: up or down)");
        }
        List<String> span = request.query().getOrDefault("for", List.of());
        long until = span.isEmpty() ? Long.MAX_VALUE : clock.millis() + millis(span.getFirst());
        String key = override(path);
        if (key == null) {
            throw new IllegalArgumentException("override: " + join(path)
                    + " (expected: /overrides/ADDRESS or /overrides/POLICY/ADDRESS of a target)");
        }
        return change(key, state + " " + until, request);
    }

    private Response deleteOverride(String[] path, Request request) throws IOException, ConfigException {
        String key = override(path);
        return change(key == null ? join(path) : key, null, request);
    }

    /** With the target's address as the policy has it, of which IPv6 has many forms; null where no policy has it. */
    private @Nullable String override(String[] path) {
        String address = path[path.length - 1];
        for (Policy policy : snapshot.get().policies().all()) {
            for (Target each : policy.targets()) {
                if (path.length == 3 && each.isAt(address)) {
                    return "overrides/" + each.address();
                }
                if (path.length == 4 && policy.name().equals(path[2]) && each.isAt(address)) {
                    return "overrides/" + path[2] + "/" + each.address();
                }
            }
        }
        return null;
    }

    private Response putLatency(String[] path, Request request) throws IOException, ConfigException {
        String key = key(path, 3);
        Policy policy = snapshot.get().policies().find(path[2]);
        if (policy == null || policy.index() == null) {
            throw new IllegalArgumentException(
                    "latency: " + path[2] + " (expected: a policy that goes by place, latency or order)");
        }
        return change(key, body(request), request);
    }

    private static long millis(String text) {
        Matcher span = SPAN.matcher(text);
        if (!span.matches()) {
            throw new IllegalArgumentException("for: " + text + " (expected: as in 30s, 10m, 2h, 1d)");
        }
        int unit = switch (span.group(2)) {
            case "s" -> 1;
            case "m" -> 60;
            case "h" -> 3_600;
            default -> 86_400;
        };
        return Long.parseLong(span.group(1)) * unit * 1_000;
    }

    /** Percent; told again and again, so kept in no version. */
    private Response putLoad(String[] path, Request request) throws IOException {
        String key = key(path, 4).substring("loads/".length());
        String text = body(request).strip();
        if (!text.matches("\\d{1,4}")) {
            throw new IllegalArgumentException("load: " + text + " (expected: percent, a whole number)");
        }
        Policy policy = snapshot.get().policies().find(path[2]);
        if (policy == null
                || policy.members().stream().noneMatch(member -> member.name().equals(path[3]))) {
            throw new IllegalArgumentException("load: " + key + " (expected: /loads/POLICY/MEMBER)");
        }
        loads.put(key, new TargetHealth.Load(Integer.parseInt(text), clock.millis() + loadFor.toMillis()));
        health.loads(loads);
        return Response.text(200, "ok\n");
    }

    private Response all(String prefix) throws IOException {
        Map<String, String> found = new TreeMap<>(changes.get().current());
        found.keySet().removeIf(key -> !key.startsWith(prefix));
        return json(json -> {
            json.writeStartObject();
            for (Map.Entry<String, String> entry : found.entrySet()) {
                json.writeStringField(entry.getKey().substring(prefix.length()), entry.getValue());
            }
            json.writeEndObject();
        });
    }

    private Response versions() throws IOException {
        return json(json -> {
            json.writeStartArray();
            for (Change change : changes.get().versions()) {
                json.writeStartObject();
                json.writeNumberField("version", change.version());
                json.writeStringField(
                        "time", Instant.ofEpochMilli(change.millis()).toString());
                json.writeStringField("key", change.key());
                json.writeEndObject();
            }
            json.writeEndArray();
        });
    }

    /** One version with what its change was. */
    private Response version(String[] path) throws IOException {
        Change found = changes.get().versions().stream()
                .filter(change -> path.length == 3 && path[2].equals(Long.toString(change.version())))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "version: " + String.join("/", path) + " (expected: one of GET /versions)"));
        return json(json -> {
            json.writeStartObject();
            json.writeNumberField("version", found.version());
            json.writeStringField("key", found.key());
            json.writeStringField("before", found.before());
            json.writeStringField("after", found.after());
            json.writeEndObject();
        });
    }

    private Response rollback(String[] path, Request request) throws IOException, ConfigException {
        if (path.length != 4 || !path[3].equals("rollback") || !path[2].matches("\\d{1,18}")) {
            throw new IllegalArgumentException(
                    "path: " + request.path() + " (expected: /versions/NUMBER/rollback; 0 is the file alone)");
        }
        boolean dryRun = isDryRun(request);
        return changed(changes.get().rollback(Long.parseLong(path[2]), dryRun, target), dryRun);
    }
}
