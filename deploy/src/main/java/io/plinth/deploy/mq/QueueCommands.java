package io.plinth.deploy.mq;

import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** What makes and binds queues and exchanges, publishes to them and gets from them. */
final class QueueCommands {
    private QueueCommands() {}

    abstract static class Child implements Callable<Integer> {
        @ParentCommand
        private @Nullable MqCommand parent;

        MqCommand mq() {
            if (parent == null) {
                throw new IllegalStateException("command: called by nobody (expected: picocli)");
            }
            return parent;
        }

        String path(String kind, String... names) {
            String path = ManagementApi.path(kind, mq().vhost());
            return path + ManagementApi.path(names);
        }
    }

    /** Arguments as {@code x-max-length=10}: whole numbers and true and false are such, all else is text. */
    private static void arguments(JsonGenerator json, Map<String, String> arguments) throws IOException {
        json.writeObjectFieldStart("arguments");
        for (Map.Entry<String, String> argument : arguments.entrySet()) {
            String value = argument.getValue();
            json.writeFieldName(argument.getKey());
            if (value.matches("-?[0-9]{1,18}")) {
                json.writeNumber(Long.parseLong(value));
            } else if (value.equals("true") || value.equals("false")) {
                json.writeBoolean(value.equals("true"));
            } else {
                json.writeString(value);
            }
        }
        json.writeEndObject();
    }

    @Command(name = "declare-queue", header = "Makes a queue.", hidden = true, mixinStandardHelpOptions = true)
    static final class Declare extends Child {
        @Parameters(paramLabel = "NAME")
        private String name = "";

        @Option(names = "--type", paramLabel = "T", description = "classic, quorum or stream")
        private @Nullable String type;

        @Option(names = "--transient", description = "It is gone after a restart.")
        private boolean gone;

        @Option(names = "--auto-delete", description = "It goes with its last consumer.")
        private boolean autoDelete;

        @Option(
                names = "--argument",
                paramLabel = "K=V",
                description = "Such as x-max-length=1000; as often as needed.")
        private Map<String, String> arguments = new LinkedHashMap<>();

        @Override
        public Integer call() throws Exception {
            if (type != null) {
                arguments.put("x-queue-type", type);
            }
            mq().send("PUT", path("queues", name), json -> {
                json.writeBooleanField("durable", !gone);
                json.writeBooleanField("auto_delete", autoDelete);
                arguments(json, arguments);
            });
            return 0;
        }
    }

    @Command(name = "declare-exchange", header = "Makes an exchange.", hidden = true, mixinStandardHelpOptions = true)
    static final class DeclareExchange extends Child {
        @Parameters(paramLabel = "NAME", index = "0")
        private String name = "";

        @Parameters(paramLabel = "TYPE", index = "1", description = "direct, fanout, topic, headers and others")
        private String type = "";

        @Option(names = "--transient", description = "It is gone after a restart.")
        private boolean gone;

        @Option(names = "--auto-delete", description = "It goes with its last binding.")
        private boolean autoDelete;

        @Option(names = "--internal", description = "Only other exchanges publish to it.")
        private boolean internal;

        @Option(names = "--argument", paramLabel = "K=V")
        private Map<String, String> arguments = new LinkedHashMap<>();

        @Override
        public Integer call() throws Exception {
            mq().send("PUT", path("exchanges", name), json -> {
                json.writeStringField("type", type);
                json.writeBooleanField("durable", !gone);
                json.writeBooleanField("auto_delete", autoDelete);
                json.writeBooleanField("internal", internal);
                arguments(json, arguments);
            });
            return 0;
        }
    }

    /** Both ends of a binding. */
    abstract static class Ends extends Child {
        @Parameters(paramLabel = "EXCHANGE", index = "0")
        private String source = "";

        @Parameters(paramLabel = "DESTINATION", index = "1", description = "A queue, or with --exchange an exchange.")
        private String destination = "";

        @Parameters(
                paramLabel = "KEY",
                index = "2",
                arity = "0..1",
                description = "The routing key; none where left out.")
        private String key = "";

        @Option(names = "--exchange", description = "The destination is an exchange.")
        private boolean toExchange;

        String key() {
            return key;
        }

        String pair() {
            return path("bindings", "e", source, toExchange ? "e" : "q", destination);
        }
    }

    @Command(
            name = "bind",
            header = "Binds a queue, or an exchange, to an exchange.",
            hidden = true,
            mixinStandardHelpOptions = true)
    static final class Bind extends Ends {
        @Option(names = "--argument", paramLabel = "K=V", description = "For headers exchanges: x-match=all, h=1.")
        private Map<String, String> arguments = new LinkedHashMap<>();

        @Override
        public Integer call() throws Exception {
            mq().send("POST", pair(), json -> {
                json.writeStringField("routing_key", key());
                arguments(json, arguments);
            });
            return 0;
        }
    }

    @Command(
            name = "unbind",
            header = "Takes a binding away.",
            description = "All between both ends that have the routing key.",
            hidden = true,
            mixinStandardHelpOptions = true)
    static final class Unbind extends Ends {
        @Override
        public Integer call() throws Exception {
            int gone = 0;
            for (List<String> binding :
                    Listing.rows(mq().call("GET", pair(), null), List.of("routing_key", "properties_key"))) {
                if (binding.getFirst().equals(key())) {
                    mq().call("DELETE", pair() + ManagementApi.path(binding.getLast()), null);
                    gone++;
                }
            }
            if (gone == 0) {
                throw new DeployException(
                        "no such binding with routing key '" + key() + "'; see `plinth mq list BINDINGS`");
            }
            return 0;
        }
    }

    @Command(
            name = "publish",
            header = "Publishes a message.",
            description = "Exits with 1 where no queue took it.",
            hidden = true,
            mixinStandardHelpOptions = true)
    static final class Publish extends Child {
        @Parameters(paramLabel = "EXCHANGE", index = "0", description = "amq.default: the key is the queue's name.")
        private String exchange = "";

        @Parameters(paramLabel = "KEY", index = "1")
        private String key = "";

        @Parameters(paramLabel = "TEXT", index = "2")
        private String text = "";

        @Option(names = "--transient", description = "It need not survive a restart.")
        private boolean gone;

        @Override
        public Integer call() throws Exception {
            String answer = mq().send("POST", path("exchanges", exchange, "publish"), json -> {
                json.writeObjectFieldStart("properties");
                json.writeNumberField("delivery_mode", gone ? 1 : 2);
                json.writeEndObject();
                json.writeStringField("routing_key", key);
                json.writeStringField("payload", text);
                json.writeStringField("payload_encoding", "string");
            });
            boolean routed = answer.contains("true");
            if (!routed) {
                throw new DeployException(
                        "no queue took it; see `plinth explain publish " + exchange + " " + key + "`");
            }
            return 0;
        }
    }

    @Command(
            name = "get",
            header = "Shows messages of a queue.",
            description = "They go back to it, marked as redelivered, unless they are taken.",
            hidden = true,
            mixinStandardHelpOptions = true)
    static final class Get extends Child {
        @Parameters(paramLabel = "QUEUE")
        private String queue = "";

        @Option(names = "--count", paramLabel = "N", defaultValue = "1")
        private int count;

        @Option(names = "--take", description = "They are gone from the queue.")
        private boolean take;

        @Override
        public Integer call() throws Exception {
            String answer = mq().send("POST", path("queues", queue, "get"), json -> {
                json.writeNumberField("count", count);
                json.writeStringField("ackmode", take ? "ack_requeue_false" : "ack_requeue_true");
                json.writeStringField("encoding", "auto");
            });
            List<String> columns = List.of("exchange", "routing_key", "redelivered", "message_count", "payload");
            mq().print(columns, Listing.rows(answer, columns));
            return 0;
        }
    }
}
