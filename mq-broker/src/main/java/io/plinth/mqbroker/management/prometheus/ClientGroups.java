package io.plinth.mqbroker.management.prometheus;

import io.plinth.mqbroker.session.ChannelDescription;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.Counts.Kind;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** What is told of connections and channels. RabbitMQ labels them with Erlang's processes; here they have their names. */
final class ClientGroups {
    private record Open(ConnectionDescription connection, ChannelDescription channel) {}

    private ClientGroups() {}

    private static Stream<ConnectionDescription> connections(View view) {
        return view.snapshot().connections().values().stream()
                .filter(connection -> view.vhosts().test(connection.vhost()));
    }

    private static Stream<Open> channels(View view) {
        return connections(view)
                .flatMap(connection -> connection.channels().stream().map(channel -> new Open(connection, channel)));
    }

    private static Group<ConnectionDescription> connectionGroup(
            String name, List<Family<ConnectionDescription>> families) {
        return new Group<>(
                name,
                List.of("connection"),
                connection -> List.of(connection.name()),
                ClientGroups::connections,
                families);
    }

    private static Group<Open> channelGroup(String name, List<Family<Open>> families) {
        return new Group<>(
                name,
                List.of("channel"),
                open -> List.of(open.connection().name() + " (" + open.channel().number() + ")"),
                ClientGroups::channels,
                families);
    }

    private static Family<Open> number(String name, String help, ToDoubleFunction<ChannelDescription> value) {
        return Family.of(name, help, open -> value.applyAsDouble(open.channel()));
    }

    /** Of all channels together it counts those that are gone, too, so that it never falls. */
    private static Family<Open> count(String name, String help, Kind kind) {
        return new Family<>(
                "channel_" + name + "_total",
                help,
                open -> (double) open.channel().counts().get(kind),
                last -> (double) last.totals().get(kind));
    }

    static List<Group<?>> all() {
        return List.of(
                connectionGroup(
                        "connection_coarse_metrics",
                        List.of(
                                Family.of(
                                        "connection_incoming_bytes_total",
                                        "Octets received",
                                        connection -> connection.octets().received()),
                                Family.of(
                                        "connection_outgoing_bytes_total",
                                        "Octets sent",
                                        connection -> connection.octets().sent()))),
                connectionGroup(
                        "connection_metrics",
                        List.of(Family.of(
                                "connection_channels",
                                "Channels of the connection",
                                connection -> connection.channels().size()))),
                channelGroup("channel_metrics", channelNumbers()),
                channelGroup(
                        "channel_exchange_metrics",
                        List.of(
                                count("messages_published", "Messages published", Kind.PUBLISH),
                                count("messages_confirmed", "Messages confirmed", Kind.CONFIRM),
                                count(
                                        "messages_unroutable_returned",
                                        "Messages no queue took, returned",
                                        Kind.RETURN_UNROUTABLE),
                                count(
                                        "messages_unroutable_dropped",
                                        "Messages no queue took, dropped",
                                        Kind.DROP_UNROUTABLE))),
                channelGroup(
                        "channel_queue_metrics",
                        List.of(
                                count("get_ack", "Messages got, to be acknowledged", Kind.GET),
                                count("get", "Messages got that need no acknowledgement", Kind.GET_NO_ACK),
                                count("messages_delivered_ack", "Deliveries to be acknowledged", Kind.DELIVER),
                                count(
                                        "messages_delivered",
                                        "Deliveries that need no acknowledgement",
                                        Kind.DELIVER_NO_ACK),
                                count("messages_redelivered", "Deliveries of messages again", Kind.REDELIVER),
                                count("messages_acked", "Acknowledgements", Kind.ACK),
                                count("get_empty", "Times that nothing was there to get", Kind.GET_EMPTY))));
    }

    private static List<Family<Open>> channelNumbers() {
        return List.of(
                number("channel_consumers", "Consumers of the channel", ChannelDescription::consumers),
                number("channel_messages_unacked", "Deliveries not acknowledged yet", ChannelDescription::unacked),
                number("channel_messages_unconfirmed", "Publishes not confirmed yet", ChannelDescription::unconfirmed),
                number(
                        "channel_messages_uncommitted",
                        "Publishes of a transaction not committed yet",
                        ChannelDescription::messagesUncommitted),
                number(
                        "channel_acks_uncommitted",
                        "Settlements of a transaction not committed yet",
                        ChannelDescription::acksUncommitted),
                number("consumer_prefetch", "Deliveries each consumer may hold", ChannelDescription::prefetch),
                number(
                        "channel_prefetch",
                        "Deliveries all consumers of the channel may hold",
                        channel -> channel.globalPrefetch()));
    }
}
