package io.plinth.deploy.mq;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code plinth mq}. */
@Command(
        name = "mq",
        header = "Operates a broker, or a RabbitMQ: users, queues, and more.",
        customSynopsis = "plinth mq [--password=P] [--url=URL] [--user=U] [--vhost=V] COMMAND",
        // Hidden above, so that the help fits a screen.
        footer = "Also: declare-queue, declare-exchange, bind, unbind, publish, get, check-user",
        subcommands = {
            MoveCommand.class,
            QueueCommands.Declare.class,
            QueueCommands.DeclareExchange.class,
            QueueCommands.Bind.class,
            QueueCommands.Unbind.class,
            QueueCommands.Publish.class,
            QueueCommands.Get.class
        },
        mixinStandardHelpOptions = true)
public final class MqCommand implements Runnable {
    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "The management listener (default: ${DEFAULT-VALUE}).",
            scope = ScopeType.INHERIT)
    private String url = "http://127.0.0.1:15672";

    @Option(
            names = "--user",
            paramLabel = "U",
            description = "Who asks (default: ${DEFAULT-VALUE}).",
            scope = ScopeType.INHERIT)
    private String user = "guest";

    @Option(
            names = "--password",
            paramLabel = "P",
            description = "Default: that in PLINTH_MQ_PASSWORD, else guest.",
            scope = ScopeType.INHERIT)
    private @Nullable String password;

    @Option(
            names = "--vhost",
            paramLabel = "V",
            description = "The virtual host (default: ${DEFAULT-VALUE}).",
            scope = ScopeType.INHERIT)
    private String vhost = "/";

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        spec().commandLine().usage(spec().commandLine().getOut());
    }

    @Command(
            name = "list",
            header = "Lists one kind of thing.",
            description = "Of all virtual hosts, or with --vhost of one.",
            mixinStandardHelpOptions = true)
    int list(
            @Parameters(paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}") Listing kind,
            @Option(
                            names = "--columns",
                            paramLabel = "C,C",
                            split = ",",
                            description = "Fields of the API's answer, nested ones with a dot.")
                    @Nullable
                    List<String> columns)
            throws Exception {
        List<String> shown = columns == null ? kind.columns() : columns;
        String answer = call("GET", kind.path(), null);
        List<List<String>> rows = Listing.rows(answer, shown);
        if (vhostGiven() && kind.ofVhost() != null) {
            List<List<String>> hosts = Listing.rows(answer, List.of(kind.ofVhost()));
            List<List<String>> all = rows;
            rows = IntStream.range(0, all.size())
                    .filter(i -> hosts.get(i).getFirst().equals(vhost))
                    .mapToObj(all::get)
                    .toList();
        }
        print(shown, rows);
        return 0;
    }

    @Command(
            name = "status",
            header = "Says what the broker holds and what is wrong.",
            description = "Exits with 1 while an alarm stops publishers.",
            mixinStandardHelpOptions = true)
    int status() throws Exception {
        List<String> told = List.of(
                "product_name",
                "rabbitmq_version",
                "node",
                "object_totals.connections",
                "object_totals.channels",
                "object_totals.queues",
                "object_totals.consumers",
                "queue_totals.messages_ready",
                "queue_totals.messages_unacknowledged");
        List<String> values =
                Listing.rows("[" + call("GET", "/overview", null) + "]", told).getFirst();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < told.size(); i++) {
            rows.add(List.of(told.get(i), values.get(i)));
        }
        List<String> alarms = new ArrayList<>();
        for (List<String> node :
                Listing.rows(call("GET", "/nodes", null), List.of("name", "mem_alarm", "disk_free_alarm"))) {
            if (node.contains("true")) {
                alarms.add(node.getFirst() + (node.get(1).equals("true") ? " memory" : " disk"));
            }
        }
        if (alarms.isEmpty()) {
            // Of a log or a stream that cannot be written, say.
            String problem = problem("/health/checks/local-alarms");
            if (problem != null) {
                alarms.add(problem);
            }
        }
        rows.add(List.of("alarms", alarms.isEmpty() ? "none" : String.join(", ", alarms)));
        print(List.of("what", "value"), rows);
        return alarms.isEmpty() ? 0 : 1;
    }

    @Command(name = "set-limit", header = "Bounds what a virtual host or a user has.", mixinStandardHelpOptions = true)
    int setLimit(
            @Parameters(paramLabel = "WHOSE", description = "${COMPLETION-CANDIDATES}") Limited whose,
            @Parameters(paramLabel = "NAME", description = "The virtual host's or the user's.") String name,
            @Parameters(paramLabel = "LIMIT", description = "max-connections, max-queues, max-channels.") String limit,
            @Parameters(paramLabel = "N", description = "Below 0 for none.") int value)
            throws Exception {
        return put(
                ManagementApi.path(whose == Limited.VHOST ? "vhost-limits" : "user-limits", name, limit),
                json -> json.writeNumberField("value", value));
    }

    @Command(name = "close-connections", header = "Closes all connections, or some.", mixinStandardHelpOptions = true)
    int closeConnections(
            @Option(names = "--of-user", paramLabel = "U") @Nullable String ofUser,
            @Option(names = "--of-vhost", paramLabel = "V") @Nullable String ofVhost)
            throws Exception {
        int closed = 0;
        for (List<String> each : Listing.rows(call("GET", "/connections", null), List.of("name", "user", "vhost"))) {
            if ((ofUser == null || ofUser.equals(each.get(1))) && (ofVhost == null || ofVhost.equals(each.get(2)))) {
                delete(ManagementApi.path("connections", each.getFirst()));
                closed++;
            }
        }
        spec().commandLine().getOut().println(closed + " connections closed");
        return 0;
    }

    @Command(
            name = "add-user",
            header = "Makes a user, or changes it.",
            description = "Without a password, one that is there keeps its own.",
            mixinStandardHelpOptions = true)
    int addUser(
            @Parameters(paramLabel = "NAME") String name,
            @Parameters(paramLabel = "PASSWORD", arity = "0..1") @Nullable String secret,
            @Option(
                            names = "--tags",
                            paramLabel = "T,T",
                            description = "administrator, monitoring, policymaker, management")
                    @Nullable
                    String tags)
            throws Exception {
        String path = ManagementApi.path("users", name);
        List<String> known = secret != null
                ? List.of()
                : Listing.rows("[" + call("GET", path, null) + "]", List.of("password_hash", "hashing_algorithm"))
                        .getFirst();
        return put(path, json -> {
            if (secret != null) {
                json.writeStringField("password", secret);
            } else {
                json.writeStringField("password_hash", known.getFirst());
                json.writeStringField("hashing_algorithm", known.getLast());
            }
            json.writeStringField("tags", tags == null ? "" : tags);
        });
    }

    @Command(
            name = "check-user",
            header = "Says whether somebody may log in.",
            description = "Exits with 1 where not.",
            hidden = true,
            mixinStandardHelpOptions = true)
    int checkUser(@Parameters(paramLabel = "NAME") String name, @Parameters(paramLabel = "PASSWORD") String secret)
            throws Exception {
        try (ManagementApi api = new ManagementApi(url, name, secret)) {
            api.call("GET", "/whoami", null);
        } catch (RefusedException e) {
            // Whoever has no tag may use AMQP all the same.
            if (e.status() != 401 || !e.reason().equals("Not management user")) {
                throw e;
            }
        }
        spec().commandLine().getOut().println("user " + name + " may log in");
        return 0;
    }

    @Command(
            name = "trace",
            header = "Copies every message to amq.rabbitmq.trace, or ends that.",
            description = "Keys are publish.EXCHANGE and deliver.QUEUE; a restart ends it.",
            mixinStandardHelpOptions = true)
    int trace(@Parameters(paramLabel = "SWITCH", description = "${COMPLETION-CANDIDATES}") Switch on) throws Exception {
        return put(ManagementApi.path("vhosts", vhost), json -> json.writeBooleanField("tracing", on == Switch.ON));
    }

    @Command(name = "add-vhost", header = "Makes a virtual host.", mixinStandardHelpOptions = true)
    int addVhost(@Parameters(paramLabel = "NAME") String name) throws Exception {
        return put(ManagementApi.path("vhosts", name), json -> {});
    }

    @Command(
            name = "set-permissions",
            header = "Says what a user may do in the virtual host.",
            description = "Regular expressions over names: '.*' is everything, '' nothing.",
            mixinStandardHelpOptions = true)
    int setPermissions(
            @Parameters(paramLabel = "NAME") String name,
            @Parameters(
                            arity = "2..3",
                            paramLabel = "PATTERN",
                            description = "CONFIGURE WRITE READ; of a topic exchange, WRITE READ over routing keys.")
                    List<String> patterns,
            @Option(names = "--topic", paramLabel = "EXCHANGE", description = "With which routing keys it is used.")
                    @Nullable
                    String exchange)
            throws Exception {
        int expected = exchange == null ? 3 : 2;
        if (patterns.size() != expected) {
            throw new DeployException("patterns: " + patterns.size() + " (expected: " + expected + ")", 2);
        }
        return put(ManagementApi.path(exchange == null ? "permissions" : "topic-permissions", vhost, name), json -> {
            if (exchange == null) {
                json.writeStringField("configure", patterns.getFirst());
            } else {
                json.writeStringField("exchange", exchange);
            }
            json.writeStringField("write", patterns.get(expected - 2));
            json.writeStringField("read", patterns.get(expected - 1));
        });
    }

    @Command(name = "set-policy", header = "Makes a policy, or changes it.", mixinStandardHelpOptions = true)
    int setPolicy(
            @Parameters(paramLabel = "NAME") String name,
            @Parameters(paramLabel = "PATTERN", description = "A regular expression over names.") String pattern,
            @Parameters(paramLabel = "DEFINITION", description = "JSON: '{\"max-length\": 1000}'.") String definition,
            @Option(
                            names = "--apply-to",
                            paramLabel = "WHAT",
                            defaultValue = "all",
                            description = "all, queues, exchanges")
                    String applyTo,
            @Option(names = "--priority", paramLabel = "N", defaultValue = "0") int priority,
            @Option(names = "--operator", description = "An operator's: it comes before those of others.")
                    boolean operator)
            throws Exception {
        check(definition);
        return put(ManagementApi.path(operator ? "operator-policies" : "policies", vhost, name), json -> {
            json.writeStringField("pattern", pattern);
            json.writeFieldName("definition");
            json.writeRawValue(definition);
            json.writeStringField("apply-to", applyTo);
            json.writeNumberField("priority", priority);
        });
    }

    @Command(name = "delete", header = "Removes a thing; a connection is closed.", mixinStandardHelpOptions = true)
    int delete(
            @Parameters(paramLabel = "KIND", description = "${COMPLETION-CANDIDATES}") Removable kind,
            @Parameters(paramLabel = "NAME", description = "As `list` shows it; for permissions, the user's.")
                    String name)
            throws Exception {
        return delete(kind.path(vhost, name));
    }

    @Command(name = "purge-queue", header = "Drops a queue's ready messages.", mixinStandardHelpOptions = true)
    int purgeQueue(@Parameters(paramLabel = "NAME") String name) throws Exception {
        return delete(ManagementApi.path("queues", vhost, name, "contents"));
    }

    @Command(name = "export", header = "Writes all definitions to a file.", mixinStandardHelpOptions = true)
    int export(@Parameters(paramLabel = "FILE") Path file) throws Exception {
        Files.writeString(file, call("GET", "/definitions", null));
        return 0;
    }

    @Command(name = "import", header = "Makes what such a file says, RabbitMQ's too.", mixinStandardHelpOptions = true)
    int load(@Parameters(paramLabel = "FILE") Path file) throws Exception {
        String definitions = Files.readString(file);
        check(definitions);
        call("POST", "/definitions", definitions);
        return 0;
    }

    private int put(String path, Body body) throws Exception {
        send("PUT", path, body);
        return 0;
    }

    /** Sends an object; returns the answer. */
    String send(String method, String path, Body body) throws Exception {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            body.write(json);
            json.writeEndObject();
        }
        return call(method, path, text.toString());
    }

    /** The virtual host of the command. */
    String vhost() {
        return vhost;
    }

    private boolean vhostGiven() {
        return spec().commandLine().getParseResult().subcommand() != null
                && (spec().commandLine().getParseResult().hasMatchedOption("--vhost")
                        || spec().commandLine().getParseResult().subcommand().hasMatchedOption("--vhost"));
    }

    private int delete(String path) throws Exception {
        call("DELETE", path, null);
        return 0;
    }

    /** What a health check complains of, or null. */
    private @Nullable String problem(String path) throws Exception {
        try {
            call("GET", path, null);
            return null;
        } catch (DeployException e) {
            return e.getMessage();
        }
    }

    String call(String method, String path, @Nullable String body) throws Exception {
        String secret = password;
        if (secret == null) {
            secret = System.getenv().getOrDefault("PLINTH_MQ_PASSWORD", "guest");
        }
        try (ManagementApi api = new ManagementApi(url, user, secret)) {
            return api.call(method, path, body);
        }
    }

    /** Fails, and says where, unless it is JSON. */
    private static void check(String json) throws DeployException, IOException {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            boolean more = true;
            while (more) {
                more = parser.nextToken() != null;
            }
        } catch (JsonParseException e) {
            throw new DeployException(
                    "JSON: " + e.getOriginalMessage() + " at line "
                            + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr(),
                    2);
        }
    }

    void print(List<String> columns, List<List<String>> rows) {
        PrintWriter out = spec().commandLine().getOut();
        int[] widths = columns.stream().mapToInt(String::length).toArray();
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        out.println(line(
                columns.stream().map(column -> column.toUpperCase(Locale.ROOT)).toList(), widths));
        rows.forEach(row -> out.println(line(row, widths)));
        out.flush();
    }

    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            line.append(cells.get(i)).repeat(' ', widths[i] - cells.get(i).length() + 2);
        }
        return line.toString().stripTrailing();
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new IllegalStateException("command: called by nobody (expected: picocli)");
        }
        return spec;
    }

    /** What can have limits. */
    enum Limited {
        VHOST,
        USER
    }

    /** Whether something is done. */
    enum Switch {
        ON,
        OFF
    }

    /** What can be removed by its name. */
    enum Removable {
        USER,
        VHOST,
        PERMISSIONS,
        POLICY,
        OPERATOR_POLICY,
        TOPIC_PERMISSIONS,
        QUEUE,
        EXCHANGE,
        CONNECTION;

        /** Below {@code /api}. */
        String path(String vhost, String name) {
            return switch (this) {
                case USER -> ManagementApi.path("users", name);
                case VHOST -> ManagementApi.path("vhosts", name);
                case PERMISSIONS -> ManagementApi.path("permissions", vhost, name);
                case POLICY -> ManagementApi.path("policies", vhost, name);
                case OPERATOR_POLICY -> ManagementApi.path("operator-policies", vhost, name);
                case TOPIC_PERMISSIONS -> ManagementApi.path("topic-permissions", vhost, name);
                case QUEUE -> ManagementApi.path("queues", vhost, name);
                case EXCHANGE -> ManagementApi.path("exchanges", vhost, name);
                case CONNECTION -> ManagementApi.path("connections", name);
            };
        }
    }

    /** Writes the fields of a request's object. */
    @FunctionalInterface
    interface Body {
        void write(JsonGenerator json) throws IOException;
    }
}
