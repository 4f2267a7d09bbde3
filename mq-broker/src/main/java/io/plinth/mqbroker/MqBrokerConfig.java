package io.plinth.mqbroker;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Secret;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The mq-broker section. */
@Doc("Persistent message broker for AMQP 0-9-1 clients.")
public record MqBrokerConfig(
        @Doc("When a persistent message is confirmed: once it is synced to disk (fsync), or once the operating"
                + " system has it (os).")
        @Default("fsync")
        Confirm confirm,

        @Doc("Users by name, each allowed everything in every virtual host, beside those made over the API; where"
                + " left out, a new data folder starts with guest.")
        Map<String, User> users,

        @Doc("The product name clients are told; some of them look for RabbitMQ.") @Default("RabbitMQ")
        String product,

        @Doc("The version clients are told; some of them choose features by it.") @Default("4.2.9")
        String version,

        @Doc("Memory messages may take; past half of it durable ones stay on disk only, past all of it publishers"
                + " are blocked.")
        @Default("128MiB")
        @Range(min = "1MiB", max = "64GiB")
        DataSize memory,

        @Doc("Messages of a queue that stay in memory while they wait, for a consumer, their time or others of their"
                + " group; of a longer queue only those that come next and the newest do.")
        @Default("32768")
        @Range(min = "64", max = "10000000")
        int window,

        @Doc("How long a loop lets messages gather between two looks at its sockets, where many come in small reads"
                + " and nobody waits for a confirm of them; 0ms for not at all.")
        @Default("1ms")
        @Range(min = "0ms", max = "10ms")
        Duration gather,

        @Doc("Free space on the data folder's file system below which publishers are blocked.") @Default("256MiB")
        DataSize diskReserve,

        @Doc("A log segment ends when it is longer than this; it is deleted once all its messages are settled.")
        @Default("64MiB")
        @Range(min = "1MiB", max = "1GiB")
        DataSize segment,

        @Doc("The management API, as RabbitMQ has it.") Management management,

        @Doc("Who a client is that logs in as ANONYMOUS; refused where left out.") @Nullable
        String anonymous,

        @Doc("Serve AMQP over TLS, too.") @Nullable Tls tls,

        @Doc("What clients may ask for.") Limits limits)
        implements Checked {

    /** What a confirm promises. */
    public enum Confirm {
        FSYNC,
        OS
    }

    /** Someone who may connect. */
    @Doc("A user.")
    public record User(
            @Doc("The password.") Secret password,

            @Doc("Whether it may connect from this host only.") @Default("false")
            boolean loopbackOnly,

            @Doc("What it may do over the management API: administrator (where left out), monitoring, policymaker,"
                    + " management.")
            List<String> tags) {}

    /** The management API. */
    @Doc("The HTTP API that rabbitmqadmin, exporters and frameworks read.")
    public record Management(
            @Doc("Whether it is served.") @Default("true") boolean enabled,

            @Doc("Its port; 10000 above that for AMQP where left out, so 15672 beside 5672.") @Nullable
            Integer port,

            @Doc("The largest request body, such as definitions to import.")
            @Default("16MiB")
            @Range(min = "64KiB", max = "256MiB")
            DataSize body,

            @Doc("Open connections.") @Default("256") @Range(min = "1", max = "10000")
            int connections,

            @Doc("What the numbers of the last hour may take, once somebody asks for them; the oldest go first. 0"
                    + " for none.")
            @Default("16MiB")
            @Range(min = "0", max = "1GiB")
            DataSize history,

            @Doc("Samples of those numbers in one answer; what is listed behind them has none.")
            @Default("100000")
            @Range(min = "1", max = "10000000")
            int samples,

            @Doc("Origins whose pages may use the API from a browser, such as https://admin.example; \"*\" for all.")
            List<String> cors,

            @Doc("How long a browser may remember that it may.") @Default("30m") @Range(min = "0s", max = "1d")
            Duration corsMaxAge,

            @Doc("Serve it over TLS, too.") @Nullable Https tls) {

        /** The API's TLS listener. */
        @Doc("Where the API is served over TLS; the files are read again on reload.")
        public record Https(
                @Doc("PEM file of the certificate and its chain; relative to this file.")
                Path cert,

                @Doc("PEM file of the private key (PKCS#8); relative to this file.")
                Path key,

                @Doc("The port.") @Default("15671") @Range(min = "0", max = "65535")
                int port) {}

        private static final int ABOVE = 10_000;
        private static final int HIGHEST = 65_535;

        /** Where it listens beside AMQP on {@code amqp}; 0, any free port, where that is 0 or too high to go by. */
        public int portBeside(int amqp) {
            Integer asked = port;
            if (asked != null) {
                return asked;
            }
            return amqp == 0 || amqp + ABOVE > HIGHEST ? 0 : amqp + ABOVE;
        }
    }

    /** The TLS listener. */
    @Doc("Where AMQP is served over TLS; the files are read again on reload.")
    public record Tls(
            @Doc("PEM file of the certificate and its chain; relative to this file.")
            Path cert,

            @Doc("PEM file of the private key (PKCS#8); relative to this file.")
            Path key,

            @Doc("PEM file of who signs clients' certificates; such a client may log in as EXTERNAL, its common name"
                    + " being the user.")
            @Nullable
            Path clients,

            @Doc("The port.") @Default("5671") @Range(min = "0", max = "65535")
            int port) {}

    /** Limits on everything that comes from outside. */
    @Doc("Limits on what clients may ask for.")
    public record Limits(
            @Doc("The largest frame.") @Default("131072") @Range(min = "4096", max = "1048576")
            int frameMax,

            @Doc("Channels of a connection.") @Default("2047") @Range(min = "1", max = "65535")
            int channelMax,

            @Doc("Open connections.") @Default("10000") @Range(min = "1", max = "1000000")
            int connections,

            @Doc("Declared queues; the heap has 2 KiB for each.") @Default("100000") @Range(min = "1", max = "1000000")
            int queues,

            @Doc("Consumers of a channel.") @Default("1000") @Range(min = "1", max = "100000")
            int consumers,

            @Doc("The largest message body.") @Default("16MiB") @Range(min = "1KiB", max = "512MiB")
            DataSize message,

            @Doc("Deliveries of a channel that may wait for acknowledgement.")
            @Default("50000")
            @Range(min = "1", max = "10000000")
            int unacked,

            @Doc("How deep tables and arrays may nest.") @Default("16") @Range(min = "1", max = "64")
            int tableDepth,

            @Doc("The longest field table.") @Default("128KiB") @Range(min = "1KiB", max = "1MiB")
            DataSize table,

            @Doc("The heartbeat interval that is offered.") @Default("60s") @Range(min = "0s", max = "1h")
            Duration heartbeat,

            @Doc("How long a client may take to open its connection.") @Default("10s") @Range(min = "100ms", max = "5m")
            Duration handshake,

            @Doc("Publishes of a connection that may be under way before its socket is not read.")
            @Default("4MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize publishWindow,

            @Doc("Deliveries of a connection that may be under way before its queues wait.")
            @Default("1MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize deliveryWindow,

            @Doc("Frames of a channel that may wait behind a declare, consume or get before the socket is not read.")
            @Default("1000")
            @Range(min = "1", max = "1000000")
            int pendingFrames,

            @Doc("Messages published in one transaction of a channel.")
            @Default("32MiB")
            @Range(min = "1KiB", max = "1GiB")
            DataSize transaction,

            @Doc("Bodies of a connection of which not all frames have come.")
            @Default("32MiB")
            @Range(min = "1KiB", max = "1GiB")
            DataSize partial,

            @Doc("How long a delivery may wait for acknowledgement before its channel is closed; 0 for ever. A queue's"
                    + " x-consumer-timeout, in milliseconds, comes before it.")
            @Default("30m")
            @Range(min = "0s", max = "365d")
            Duration consumerTimeout,

            @Doc("Queues, and exchanges, with numbers of their own in one answer of /metrics/per-object or"
                    + " /metrics/detailed, and queues with percentiles of confirm latency.")
            @Default("1000")
            @Range(min = "0", max = "100000")
            int metricQueues,

            @Doc("Channels, and connections, with numbers of their own in such an answer.")
            @Default("1000")
            @Range(min = "0", max = "100000")
            int metricChannels,

            @Doc("Places and users whose attempts to log in are counted one by one; the ones that tried least"
                    + " lately are forgotten.")
            @Default("1000")
            @Range(min = "0", max = "100000")
            int loginSources) {}

    @Override
    public void check(Check check) {
        if (limits.message().bytes() > memory.bytes() / 2) {
            check.problem(
                    "limits.message",
                    "limits.message: " + limits.message() + " (expected: at most half of memory, " + memory + ")");
        }
    }
}
