package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth explain}: asks a running node what it would do, which it answers by the function that does it. */
@Command(
        name = "explain",
        header = "Asks a running node what it would do, and why.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(http | dns | sql | publish | segment | key)",
        subcommands = {
            ExplainCommand.Http.class,
            ExplainCommand.Dns.class,
            ExplainCommand.Sql.class,
            ExplainCommand.Publish.class,
            ExplainCommand.Segment.class,
            ExplainCommand.Key.class
        })
public final class ExplainCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getErr());
        }
        return 2;
    }

    /** Where to ask, and how to print. */
    abstract static class Question implements Callable<Integer> {
        private static final Duration PATIENCE = Duration.ofSeconds(5);

        @Option(
                names = "--node",
                paramLabel = "NODE",
                description = "Which node to ask; by default the first that runs.")
        private @Nullable String node;

        @Option(names = "--json", description = "Prints the answer as it came.")
        private boolean json;

        @Mixin
        private StackOptions options = new StackOptions();

        @Spec
        private @Nullable CommandSpec spec;

        /** The daemon that knows. */
        abstract String kind();

        /** Its admin path, with the question in it. */
        abstract String path();

        /** A node and where its admin server listens. */
        private record Asked(String name, String admin) {}

        @Override
        public Integer call() throws Exception {
            Asked asked = asked(new RunFolder(options.state()));
            URI uri = URI.create("http://" + asked.admin() + path());
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
                        HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
                if (answer.statusCode() != 200) {
                    throw new DeployException(
                            asked.name() + ": " + answer.body().strip());
                }
                PrintWriter out = Output.of(spec);
                out.print(json ? answer.body() : new JsonOutline().of(answer.body()));
                out.flush();
            } catch (ConnectException e) {
                throw new DeployException(asked.name() + ": nothing answers at its admin address " + asked.admin()
                        + " (expected: it runs; `plinth up` starts the stack, `plinth run` one node)");
            }
            return 0;
        }

        /** One that `plinth up` started, which may have other ports than the file, or else one of the file. */
        private Asked asked(RunFolder folder) throws IOException, DeployException, ConfigException {
            Procfs procfs = Procfs.ofThisMachine();
            Optional<RunRecord> started = Records.nodes(folder).stream()
                    .filter(record -> procfs.alive(record.process()))
                    .filter(record -> node == null
                            ? record.kind().equals(kind())
                            : record.name().equals(node))
                    .findFirst();
            if (started.isEmpty()) {
                return ofTheFile();
            }
            RunRecord record = started.get();
            if (!record.kind().equals(kind())) {
                throw new DeployException(
                        record.name() + " is a " + record.kind() + " (expected: a " + kind() + ")", 2);
            }
            String admin = record.listens().get("admin");
            if (admin == null) {
                throw new DeployException(record.name() + " has no admin listener");
            }
            return new Asked(record.name(), admin);
        }

        private Asked ofTheFile() throws IOException, DeployException, ConfigException {
            StackFile file = options.read(null);
            for (Map.Entry<String, NodeConfig> entry : file.stack().nodes().entrySet()) {
                String name = entry.getKey();
                if (node == null ? entry.getValue().kind().equals(kind()) : name.equals(node)) {
                    if (!entry.getValue().kind().equals(kind())) {
                        throw new DeployException(
                                name + " is a " + entry.getValue().kind() + " (expected: a " + kind() + ")", 2);
                    }
                    return new Asked(name, file.admin(name).toString());
                }
            }
            throw new DeployException(
                    (node == null ? "no " + kind() : "no node " + node) + " runs, nor is there one in " + file.path());
        }

        /** {@code ?a=b&c=d}, encoded; what has no value is left out. */
        static String query(List<@Nullable String> namesAndValues) {
            List<String> parts = new ArrayList<>();
            for (int i = 0; i < namesAndValues.size(); i += 2) {
                String value = namesAndValues.get(i + 1);
                if (value != null) {
                    parts.add(namesAndValues.get(i) + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8));
                }
            }
            return "?" + String.join("&", parts);
        }
    }

    @Command(
            name = "http",
            header = "Which route, pool and server a request would get.",
            mixinStandardHelpOptions = true)
    static final class Http extends Question {
        @Parameters(paramLabel = "URL", description = "http://shop.example/path?query")
        private String url = "";

        @Option(names = "--method", paramLabel = "M", description = "The method (default: GET).")
        private @Nullable String method;

        @Option(names = "--header", paramLabel = "'NAME: VALUE'", description = "A header; may be repeated.")
        private List<String> headers = new ArrayList<>();

        @Override
        String kind() {
            return "lb-proxy";
        }

        @Override
        String path() {
            List<@Nullable String> query = new ArrayList<>(List.of("url", url));
            query.add("method");
            query.add(method);
            for (String header : headers) {
                query.add("header");
                query.add(header);
            }
            return "/explain" + query(query);
        }
    }

    @Command(name = "dns", header = "What a name is answered with, and by which rule.", mixinStandardHelpOptions = true)
    static final class Dns extends Question {
        @Parameters(paramLabel = "NAME", description = "www.shop.example")
        private String name = "";

        @Option(names = "--type", paramLabel = "T", description = "The record type (default: A).")
        private String type = "A";

        @Option(names = "--from", paramLabel = "IP", description = "The client's address (default: 127.0.0.1).")
        private String from = "127.0.0.1";

        @Override
        String kind() {
            return "geo-dns";
        }

        @Override
        String path() {
            return "/explain" + query(List.of("name", name, "type", type, "from", from));
        }
    }

    @Command(name = "sql", header = "Where a statement would run, and why.", mixinStandardHelpOptions = true)
    static final class Sql extends Question {
        @Parameters(paramLabel = "SQL", description = "One statement, in quotes.")
        private String sql = "";

        @Option(names = "--user", paramLabel = "USER", description = "The client's user, for rules that name one.")
        private String user = "";

        @Option(names = "--database", paramLabel = "NAME", description = "The database; the only one by default.")
        private String database = "";

        @Override
        String kind() {
            return "db-proxy";
        }

        @Override
        String path() {
            return "/explain" + query(List.of("sql", sql, "user", user, "database", database));
        }
    }

    @Command(name = "publish", header = "Which queues a message would go to.", mixinStandardHelpOptions = true)
    static final class Publish extends Question {
        @Parameters(index = "0", paramLabel = "EXCHANGE", description = "The exchange; '' is the default one.")
        private String exchange = "";

        @Parameters(index = "1", paramLabel = "KEY", description = "The routing key.")
        private String key = "";

        @Option(names = "--vhost", paramLabel = "V", description = "The virtual host (default: /).")
        private String vhost = "/";

        @Override
        String kind() {
            return "mq-broker";
        }

        @Override
        String path() {
            return "/explain/publish" + query(List.of("vhost", vhost, "exchange", exchange, "key", key));
        }
    }

    @Command(
            name = "segment",
            header = "Why segments of a broker's log are there: which queues hold them.",
            mixinStandardHelpOptions = true)
    static final class Segment extends Question {
        @Parameters(index = "0", paramLabel = "SHARD", description = "The shard, a number from 0.")
        private int shard;

        @Parameters(
                index = "1",
                arity = "0..1",
                paramLabel = "SEGMENT",
                description = "One segment, with its oldest message; by default all of the shard.")
        private @Nullable Integer segment;

        @Override
        String kind() {
            return "mq-broker";
        }

        @Override
        String path() {
            Integer one = segment;
            List<@Nullable String> query = new ArrayList<>(List.of("shard", Integer.toString(shard), "segment"));
            query.add(one == null ? null : one.toString());
            return "/explain/segment" + query(query);
        }
    }

    @Command(name = "key", header = "Where a key lies and what is known of it.", mixinStandardHelpOptions = true)
    static final class Key extends Question {
        @Parameters(paramLabel = "KEY", description = "The key.")
        private String key = "";

        @Option(names = "--db", paramLabel = "N", description = "The database (default: 0).")
        private int db;

        @Override
        String kind() {
            return "kv-cache";
        }

        @Override
        String path() {
            return "/explain" + query(List.of("key", key, "db", Integer.toString(db)));
        }
    }
}
