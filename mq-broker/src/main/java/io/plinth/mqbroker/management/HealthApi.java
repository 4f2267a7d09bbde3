package io.plinth.mqbroker.management;

import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.management.node.Certificates;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** {@code /api/health/checks}: 200 where all is well, 503 with a reason where it is not. */
final class HealthApi {
    private static final String SINGLE = "single node cluster";

    private final Changes changes;
    private final ManagementApi.Node node;

    HealthApi(Changes changes, ManagementApi.Node node) {
        this.changes = changes;
        this.node = node;
    }

    void register(ApiTable table) {
        add(table, "alarms", call -> alarms());
        add(table, "local-alarms", call -> alarms());
        add(table, "virtual-hosts", this::virtualHosts);
        add(table, "certificate-expiration/{within}/{unit}", this::certificates);
        add(table, "port-listener/{port}", this::port);
        add(table, "protocol-listener/{protocol}", this::protocol);
        for (String name : List.of("node-is-mirror-sync-critical", "node-is-quorum-critical")) {
            add(table, name, call -> ok(Map.of("reason", SINGLE)));
        }
        for (String name : List.of(
                "ready-to-serve-clients",
                "is-in-service",
                "below-node-connection-limit",
                "metadata-store/initialized",
                "metadata-store/initialized/with-data",
                "quorum-queues-without-elected-leaders/all-vhosts",
                "quorum-queues-without-elected-leaders/all-vhosts/pattern/{pattern}",
                "quorum-queues-without-elected-leaders/vhost/{vhost}",
                "quorum-queues-without-elected-leaders/vhost/{vhost}/pattern/{pattern}")) {
            add(table, name, call -> ok(Map.of()));
        }
        table.add("GET", "healthchecks/node", Level.MANAGEMENT, call -> stage(alarms()));
        table.add("GET", "healthchecks/node/{node}", Level.MANAGEMENT, call -> {
            if (!call.name("node").equals(node.name())) {
                throw ApiException.notFound();
            }
            return stage(alarms());
        });
    }

    private interface Check {
        ApiResponse run(ApiCall call);
    }

    private static void add(ApiTable table, String name, Check check) {
        table.add("GET", "health/checks/" + name, Level.MANAGEMENT, call -> stage(check.run(call)));
    }

    private static CompletionStage<ApiResponse> stage(ApiResponse response) {
        return CompletableFuture.completedFuture(response);
    }

    private static ApiResponse ok(Map<String, ?> more) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("status", "ok");
        shown.putAll(more);
        return ApiResponse.json(shown);
    }

    private static ApiResponse failed(String reason, Map<String, ?> more) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("status", "failed");
        shown.put("reason", reason);
        shown.putAll(more);
        return ApiResponse.json(503, shown);
    }

    private ApiResponse alarms() {
        String blocked = changes.broker().alarms().blocked();
        if (blocked.isEmpty()) {
            return ok(Map.of());
        }
        List<String> streams = changes.broker().alarms().failedStreams();
        return failed(
                "There are alarms in effect: " + blocked,
                streams.isEmpty() ? Map.of() : Map.of("failed_streams", streams));
    }

    private ApiResponse certificates(ApiCall call) {
        ChronoUnit unit = switch (call.name("unit")) {
            case "days" -> ChronoUnit.DAYS;
            case "weeks" -> ChronoUnit.WEEKS;
            case "months" -> ChronoUnit.MONTHS;
            case "years" -> ChronoUnit.YEARS;
            default ->
                throw ApiException.badRequest("Time unit not recognised. Supported units: days, weeks, months, years.");
        };
        if (!call.name("within").matches("[0-9]{1,4}")) {
            throw ApiException.badRequest("Invalid expiration value.");
        }
        Instant before = ZonedDateTime.ofInstant(changes.broker().clock().instant(), ZoneOffset.UTC)
                .plus(Long.parseLong(call.name("within")), unit)
                .toInstant();
        List<Map<String, @Nullable Object>> ending = Certificates.ending(node.certificates(), node.name(), before);
        return ending.isEmpty() ? ok(Map.of()) : failed("Certificates expiring", Map.of("expired", ending));
    }

    /** All of them are served, unless the logs of their messages cannot be written. */
    private ApiResponse virtualHosts(ApiCall call) {
        return changes.broker().alarms().is(Alarms.Reason.LOG)
                ? failed("A log cannot be written", Map.of())
                : ok(Map.of());
    }

    private ApiResponse port(ApiCall call) {
        long port;
        try {
            port = Long.parseLong(call.name("port"));
        } catch (NumberFormatException e) {
            throw ApiException.badRequest("Invalid port");
        }
        List<Integer> ports =
                node.listeners().stream().map(ManagementApi.Listener::port).toList();
        if (ports.stream().anyMatch(known -> known == port)) {
            return ok(Map.of("port", port));
        }
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        more.put("missing", port);
        more.put("ports", ports);
        return failed("No active listener", more);
    }

    private ApiResponse protocol(ApiCall call) {
        String asked = call.name("protocol");
        List<String> protocols =
                node.listeners().stream().map(ManagementApi.Listener::protocol).toList();
        if (protocols.contains(asked) || (asked.equals("amqp091") && protocols.contains("amqp"))) {
            return ok(Map.of("protocol", asked));
        }
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        more.put("missing", asked);
        more.put("protocols", protocols);
        return failed("No active listener", more);
    }
}
