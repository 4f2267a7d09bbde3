package io.plinth.deploy.mq;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plinth mq move}. */
@Command(
        name = "move",
        header = "Drains a running RabbitMQ into this broker.",
        description = {
            "First users, virtual hosts, policies, queues and bindings, over both management APIs; then the messages"
                + " of each queue, one queue after the other, until it is empty. A message leaves the old broker once"
                + " the new one has confirmed it: when this is killed nothing is lost, and it may be started again;"
                + " then up to 500 messages of a queue arrive twice.",
            "Messages keep their properties and routing key, not the name of their exchange. Streams are not moved."
        },
        mixinStandardHelpOptions = true)
final class MoveCommand implements Callable<Integer> {
    private static final int MANAGEMENT_ABOVE = 10_000;

    @Option(
            names = "--from",
            required = true,
            paramLabel = "URI",
            description = "amqp://user:password@host:port/vhost of the old broker.")
    private URI from = URI.create("amqp://127.0.0.1");

    @Option(names = "--to", required = true, paramLabel = "URI", description = "The same of the new one.")
    private URI to = URI.create("amqp://127.0.0.1");

    @Option(
            names = "--from-url",
            paramLabel = "URL",
            description = "The old broker's management listener (default: 10000 above its port).")
    private @Nullable String fromUrl;

    @Option(names = "--to-url", paramLabel = "URL", description = "The new broker's.")
    private @Nullable String toUrl;

    @Option(names = "--queue", paramLabel = "Q", description = "Only this queue; may be given again.")
    private List<String> queues = List.of();

    @Option(
            names = "--no-definitions",
            negatable = false,
            description = "Messages only; without the old broker's management API name the queues, too.")
    private boolean messagesOnly;

    @Option(
            names = "--patience",
            paramLabel = "S",
            defaultValue = "30",
            description = "Seconds that messages which are there may take to come (default: ${DEFAULT-VALUE}).")
    private int patience = 30;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec().commandLine().getOut();
        ConnectionFactory source = factory(from);
        ConnectionFactory target = factory(to);
        try (Connection old = connect(source, from);
                Connection fresh = connect(target, to)) {
            if (!messagesOnly) {
                definitions(source, target);
                out.println("definitions moved");
            }
            for (String queue : queues.isEmpty() ? all(source, out) : queues) {
                QueueMove move = new QueueMove(old, fresh, target.getUsername(), queue, Duration.ofSeconds(patience));
                out.println(queue + ": " + move.run() + " messages moved");
                out.flush();
            }
        }
        return 0;
    }

    private void definitions(ConnectionFactory source, ConnectionFactory target) throws Exception {
        String definitions;
        try (ManagementApi api = api(fromUrl, source)) {
            definitions = api.call("GET", "/definitions", null);
        }
        try (ManagementApi api = api(toUrl, target)) {
            api.call("POST", "/definitions", definitions);
        }
    }

    /** The old virtual host's queues that have messages of their own to give. */
    private List<String> all(ConnectionFactory source, PrintWriter out) throws Exception {
        List<List<String>> rows;
        try (ManagementApi api = api(fromUrl, source)) {
            rows = Listing.QUEUES.rows(api.call("GET", "/queues" + ManagementApi.path(source.getVirtualHost()), null));
        }
        int name = Listing.QUEUES.columns().indexOf("name");
        int type = Listing.QUEUES.columns().indexOf("type");
        rows.stream()
                .filter(row -> row.get(type).equals("stream"))
                .forEach(row -> out.println(row.get(name) + ": a stream, not moved"));
        return rows.stream()
                .filter(row -> !row.get(type).equals("stream"))
                .map(row -> row.get(name))
                .toList();
    }

    private static ManagementApi api(@Nullable String url, ConnectionFactory of) {
        return new ManagementApi(
                url == null ? "http://" + of.getHost() + ":" + (of.getPort() + MANAGEMENT_ABOVE) : url,
                of.getUsername(),
                of.getPassword());
    }

    private static ConnectionFactory factory(URI uri) throws DeployException {
        ConnectionFactory factory = new ConnectionFactory();
        try {
            factory.setUri(uri);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new DeployException(
                    "broker: " + e.getMessage() + " (expected: amqp://user:password@host:port/vhost)", 2);
        }
        // Begun again by whoever asked: it tells what was moved.
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    private static Connection connect(ConnectionFactory factory, URI uri) throws DeployException {
        try {
            return factory.newConnection("plinth mq move");
        } catch (IOException | TimeoutException e) {
            throw new DeployException("no broker at " + uri.getHost() + ":" + factory.getPort() + ": "
                    + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()));
        }
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("command: called by nobody (expected: picocli)");
        }
        return spec;
    }
}
