package io.plinth.mqbroker.management;

import io.netty.buffer.ByteBufUtil;
import io.plinth.mqbroker.auth.User;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.http.ApiResponse;
import io.plinth.mqbroker.http.ApiTable;
import io.plinth.mqbroker.http.ApiTable.Level;
import io.plinth.mqbroker.http.Listing;
import io.plinth.mqbroker.management.survey.Figures;
import io.plinth.mqbroker.management.survey.Snapshot;
import io.plinth.mqbroker.management.survey.Survey;
import io.plinth.mqbroker.session.ChannelDescription;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.QueueReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** {@code /api/connections}, {@code /api/channels} and {@code /api/consumers}. */
final class ConnectionsApi {
    /** Octets: the text of a close is a short string. */
    private static final int MAX_REASON = 200;

    private final Changes changes;
    private final Survey survey;
    private final String node;

    ConnectionsApi(Changes changes, Survey survey, String node) {
        this.changes = changes;
        this.survey = survey;
        this.node = node;
    }

    void register(ApiTable table) {
        table.add("GET", "connections", Level.MANAGEMENT, call -> connections(call, c -> true));
        table.add("GET", "vhosts/{vhost}/connections", Level.MANAGEMENT, call -> {
            changes.topology(call.vhost());
            return connections(call, c -> c.vhost().equals(call.vhost()));
        });
        table.add(
                "GET",
                "connections/username/{user}",
                Level.MANAGEMENT,
                call -> connections(call, c -> c.user().equals(call.name("user"))));
        table.add(
                "GET",
                "connections/{name}",
                Level.MANAGEMENT,
                call -> find(
                        call, (figures, found) -> ApiResponse.json(Listing.columns(call, connection(figures, found)))));
        table.add("DELETE", "connections/{name}", Level.MANAGEMENT, this::close);
        table.add("DELETE", "connections/username/{user}", Level.MANAGEMENT, this::closeOfUser);
        table.add(
                "GET",
                "connections/{name}/channels",
                Level.MANAGEMENT,
                call -> find(call, (figures, found) -> Listing.of(call, channels(figures, found))));
        table.add("GET", "channels", Level.MANAGEMENT, call -> channels(call, null));
        table.add("GET", "vhosts/{vhost}/channels", Level.MANAGEMENT, call -> {
            changes.topology(call.vhost());
            return channels(call, call.vhost());
        });
        table.add("GET", "channels/{name}", Level.MANAGEMENT, this::channel);
        table.add("GET", "consumers", Level.MANAGEMENT, call -> consumers(call, null));
        table.add("GET", "consumers/{vhost}", Level.MANAGEMENT, call -> consumers(call, call.vhost()));
    }

    /** Whoever may not look at others sees its own. */
    private static boolean sees(ApiCall call, ConnectionDescription connection) {
        return call.user().is(User.ADMINISTRATOR)
                || call.user().is(User.MONITORING)
                || connection.user().equals(call.user().name());
    }

    private static List<ConnectionDescription> visible(ApiCall call, Figures figures) {
        return figures.now().connections().values().stream()
                .filter(connection -> sees(call, connection))
                .sorted(Comparator.comparing(ConnectionDescription::name))
                .toList();
    }

    private CompletionStage<ApiResponse> connections(ApiCall call, Predicate<ConnectionDescription> which) {
        return survey.figures(call)
                .thenApply(figures -> Listing.of(
                        call,
                        visible(call, figures).stream()
                                .filter(which)
                                .map(connection -> connection(figures, connection))
                                .toList()));
    }

    private interface Shown {
        ApiResponse of(Figures figures, ConnectionDescription found);
    }

    private CompletionStage<ApiResponse> find(ApiCall call, Shown shown) {
        return survey.figures(call)
                .thenApply(figures -> visible(call, figures).stream()
                        .filter(connection -> connection.name().equals(call.name("name")))
                        .findFirst()
                        .map(connection -> shown.of(figures, connection))
                        .orElseThrow(ApiException::notFound));
    }

    private CompletionStage<ApiResponse> close(ApiCall call) {
        return find(call, (figures, found) -> {
            found.connection().shutdown(reason(call));
            return ApiResponse.done();
        });
    }

    /** What the client is told; where that is not too long. */
    private static String reason(ApiCall call) {
        String given = call.reason();
        return given == null || given.isBlank() || ByteBufUtil.utf8Bytes(given) > MAX_REASON
                ? "Closed via management plugin"
                : given;
    }

    private CompletionStage<ApiResponse> closeOfUser(ApiCall call) {
        return survey.figures(call).thenApply(figures -> {
            visible(call, figures).stream()
                    .filter(connection -> connection.user().equals(call.name("user")))
                    .forEach(connection -> connection.connection().shutdown(reason(call)));
            return ApiResponse.done();
        });
    }

    private Map<String, @Nullable Object> connection(Figures all, ConnectionDescription connection) {
        Figures figures = all.about(connection.connection());
        ConnectionDescription then = figures.before().connections().getOrDefault(connection.connection(), connection);
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("auth_mechanism", connection.mechanism());
        shown.put("channel_max", connection.channelMax());
        shown.put("channels", connection.channels().size());
        shown.put("client_properties", Tables.json(connection.clientProperties()));
        shown.put("connected_at", connection.connectedAt());
        shown.put("frame_max", connection.frameMax());
        shown.put("host", connection.local().getAddress().getHostAddress());
        shown.put("name", connection.name());
        shown.put("node", node);
        for (String absent : List.of("peer_cert_issuer", "peer_cert_subject", "peer_cert_validity")) {
            shown.put(absent, null);
        }
        shown.put("peer_host", connection.peer().getAddress().getHostAddress());
        shown.put("peer_port", connection.peer().getPort());
        shown.put("port", connection.local().getPort());
        shown.put("protocol", "AMQP 0-9-1");
        figures.put(
                shown, "recv_oct", connection.octets().received(), then.octets().received());
        figures.put(shown, "send_oct", connection.octets().sent(), then.octets().sent());
        figures.put(shown, "reductions", 0, 0);
        shown.put("send_pend", 0);
        shown.put("ssl", false);
        for (String absent : List.of("ssl_cipher", "ssl_hash", "ssl_key_exchange", "ssl_protocol")) {
            shown.put(absent, null);
        }
        shown.put("state", connection.state());
        shown.put("timeout", connection.heartbeat());
        shown.put("type", "network");
        shown.put("user", connection.user());
        String given = connection.clientProperties().string("connection_name");
        if (given != null) {
            shown.put("user_provided_name", given);
        }
        shown.put("user_who_performed_action", connection.user());
        shown.put("vhost", connection.vhost());
        return shown;
    }

    private CompletionStage<ApiResponse> channels(ApiCall call, @Nullable String vhost) {
        return survey.figures(call).thenApply(figures -> {
            List<Map<String, @Nullable Object>> all = new ArrayList<>();
            for (ConnectionDescription connection : visible(call, figures)) {
                if (vhost == null || vhost.equals(connection.vhost())) {
                    all.addAll(channels(figures, connection));
                }
            }
            return Listing.of(call, all);
        });
    }

    private CompletionStage<ApiResponse> channel(ApiCall call) {
        return survey.figures(call).thenApply(figures -> {
            for (ConnectionDescription connection : visible(call, figures)) {
                for (Map<String, @Nullable Object> channel : channels(figures, connection)) {
                    if (call.name("name").equals(channel.get("name"))) {
                        channel.put("consumer_details", ofChannel(figures, connection, channel.get("number")));
                        channel.put("publishes", List.of());
                        channel.put("deliveries", List.of());
                        return ApiResponse.json(Listing.columns(call, channel));
                    }
                }
            }
            throw ApiException.notFound();
        });
    }

    private List<Map<String, @Nullable Object>> ofChannel(
            Figures figures, ConnectionDescription connection, @Nullable Object number) {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        Topology topology = changes.topology(connection.vhost());
        for (QueueRef queue : topology.queues()) {
            for (QueueReport.Consumer consumer : figures.now().queue(queue.id()).consumers()) {
                if (consumer.outlet() == connection.connection()
                        && Integer.valueOf(consumer.channel()).equals(number)) {
                    all.add(consumer(figures, queue, consumer, node));
                }
            }
        }
        return all;
    }

    private List<Map<String, @Nullable Object>> channels(Figures figures, ConnectionDescription connection) {
        return connection.channels().stream()
                .map(channel -> channel(figures, connection, channel))
                .toList();
    }

    private Map<String, @Nullable Object> channel(
            Figures all, ConnectionDescription connection, ChannelDescription channel) {
        Figures figures = all.about(Snapshot.key(connection.connection(), channel.number()));
        ChannelDescription then = figures.before().channel(connection.connection(), channel.number());
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("acks_uncommitted", channel.acksUncommitted());
        shown.put("confirm", channel.confirm());
        shown.put("connection_details", details(connection));
        shown.put("consumer_count", channel.consumers());
        shown.put("global_prefetch_count", channel.globalPrefetch());
        Map<String, @Nullable Object> stats =
                figures.messageStats(Figures.Of.CHANNEL, channel.counts(), then == null ? null : then.counts());
        if (!stats.isEmpty()) {
            shown.put("message_stats", stats);
        }
        shown.put("messages_unacknowledged", channel.unacked());
        shown.put("messages_uncommitted", channel.messagesUncommitted());
        shown.put("messages_unconfirmed", channel.unconfirmed());
        shown.put("name", connection.name() + " (" + channel.number() + ")");
        shown.put("node", node);
        shown.put("number", channel.number());
        shown.put("pending_raft_commands", 0);
        shown.put("prefetch_count", channel.prefetch());
        figures.put(shown, "reductions", 0, 0);
        shown.put("state", "running");
        shown.put("transactional", channel.transactional());
        shown.put("user", connection.user());
        shown.put("user_who_performed_action", connection.user());
        shown.put("vhost", connection.vhost());
        return shown;
    }

    static Map<String, @Nullable Object> details(ConnectionDescription connection) {
        Map<String, @Nullable Object> details = new LinkedHashMap<>();
        details.put("name", connection.name());
        details.put("peer_host", connection.peer().getAddress().getHostAddress());
        details.put("peer_port", connection.peer().getPort());
        return details;
    }

    private CompletionStage<ApiResponse> consumers(ApiCall call, @Nullable String vhost) {
        return survey.figures(call).thenApply(figures -> {
            List<Map<String, @Nullable Object>> all = new ArrayList<>();
            for (Topology topology :
                    vhost == null ? changes.broker().vhosts().all() : List.of(changes.topology(vhost))) {
                for (QueueRef queue : call.sees(topology.vhost()) ? topology.queues() : List.<QueueRef>of()) {
                    for (QueueReport.Consumer consumer :
                            figures.now().queue(queue.id()).consumers()) {
                        all.add(consumer(figures, queue, consumer, node));
                    }
                }
            }
            return Listing.of(call, all);
        });
    }

    static Map<String, @Nullable Object> consumer(
            Figures figures, QueueRef queue, QueueReport.Consumer consumer, String node) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("arguments", Tables.json(consumer.arguments()));
        shown.put("ack_required", !consumer.noAck());
        shown.put("active", consumer.active());
        boolean single = queue.arguments().isTrue("x-single-active-consumer");
        shown.put("activity_status", !consumer.active() ? "waiting" : single ? "single_active" : "up");
        Map<String, @Nullable Object> channel = new LinkedHashMap<>();
        ConnectionDescription connection = figures.now().connections().get(consumer.outlet());
        if (connection != null) {
            channel.put("connection_name", connection.name());
            channel.put("name", connection.name() + " (" + consumer.channel() + ")");
            channel.put("node", node);
            channel.put("number", consumer.channel());
            channel.put("peer_host", connection.peer().getAddress().getHostAddress());
            channel.put("peer_port", connection.peer().getPort());
            channel.put("user", connection.user());
        }
        shown.put("channel_details", channel);
        shown.put("consumer_tag", consumer.tag());
        shown.put("exclusive", consumer.exclusive());
        shown.put("prefetch_count", consumer.prefetch());
        shown.put("queue", Map.of("name", queue.name(), "vhost", queue.vhost()));
        return shown;
    }
}
