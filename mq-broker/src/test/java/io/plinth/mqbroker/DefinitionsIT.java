package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Connection;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of definitions that cannot be taken. */
class DefinitionsIT {
    @TempDir
    Path folder;

    @Test
    void aBadFileOfDefinitionsChangesNothingAndSaysWhichEntryIsBad() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            String good = "\"vhosts\":[{\"name\":\"new\"}],\"queues\":[{\"name\":\"q\",\"vhost\":\"new\","
                    + "\"durable\":true,\"auto_delete\":false,\"arguments\":{}}],";
            for (Map.Entry<String, String> bad : Map.of(
                            "\"users\":[{\"name\":\"a\",\"tags\":\"\"},{\"name\":\"b\"}]",
                            "users[1] 'b': tags_not_present",
                            "\"permissions\":[{\"user\":\"x\",\"vhost\":\"new\",\"configure\":\"\",\"write\":\"\",\"read\":\"\"}]",
                            "permissions[0] 'x': no_such_user: x",
                            "\"topic_permissions\":[{\"user\":\"guest\",\"vhost\":\"gone\",\"exchange\":\"e\",\"write\":\"\",\"read\":\"\"}]",
                            "no_such_vhost: gone",
                            "\"parameters\":[{\"component\":\"vhost-limits\",\"name\":\"limits\",\"vhost\":\"new\",\"value\":{\"max-cats\":2}}]",
                            "parameters[0] 'limits': Validation failed Unrecognised terms [{max-cats,2}]",
                            "\"bindings\":[{\"source\":\"amq.headers\",\"vhost\":\"new\",\"destination\":\"q\",\"destination_type\":\"queue\",\"routing_key\":\"\",\"arguments\":{\"x-match\":\"some\"}}]",
                            "invalid x-match: some",
                            "\"exchanges\":[{\"name\":\"e\",\"vhost\":\"new\",\"type\":\"odd\",\"durable\":true,\"auto_delete\":false,\"internal\":false,\"arguments\":{}}]",
                            "exchanges[0] 'e': unknown exchange type 'odd'",
                            "\"operator_policies\":[{\"name\":\"p\",\"vhost\":\"new\",\"pattern\":\"(\",\"definition\":{\"max-length\":1}}]",
                            "operator_policies[0] 'p'",
                            "\"global_parameters\":[{\"name\":\"g\"}]",
                            "global_parameters[0] 'g': [{key_missing,value}]",
                            "\"policies\":7",
                            "policies: 7 (expected: a list)")
                    .entrySet()) {
                ManagementClient.Answer answer = api.post("definitions", "{" + good + bad.getKey() + "}");
                assertThat(answer.status()).as(bad.getKey()).isEqualTo(400);
                assertThat(String.valueOf(answer.object().get("reason"))).contains(bad.getValue());
            }
            assertThat(api.get("vhosts/new").status()).isEqualTo(404);
            assertThat(api.get("users/a").status()).isEqualTo(404);
            assertThat(api.post(
                                    "definitions",
                                    "{" + good
                                            + "\"bindings\":[{\"source\":\"amq.topic\",\"vhost\":\"new\",\"destination\":\"q\",\"destination_type\":\"queue\",\"routing_key\":\"a\",\"arguments\":{}}]}")
                            .status())
                    .as("what the virtual host has from its start may be bound to")
                    .isEqualTo(204);
        }
    }

    private static String queues(String vhost, String... names) {
        return Stream.of(names)
                .map(name -> "{\"name\":\"" + name + "\",\"vhost\":\"" + vhost
                        + "\",\"durable\":true,\"auto_delete\":false,\"arguments\":{}}")
                .collect(Collectors.joining(",", "\"queues\":[", "]"));
    }

    private static String binding(String source, String kind, String destination) {
        return "{\"source\":\"" + source + "\",\"vhost\":\"/\",\"destination\":\"" + destination
                + "\",\"destination_type\":\"" + kind + "\",\"routing_key\":\"k\",\"arguments\":{}}";
    }

    @Test
    void aBindingWhoseEndIsNowhereIsLeftOutAndTheRestTaken() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management();
                Connection connection = broker.factory().newConnection()) {
            connection.createChannel().queueDeclare("mine", false, true, false, null);
            String bindings = Stream.of(
                            binding("nowhere", "queue", "q"),
                            binding("amq.direct", "queue", "gone"),
                            binding("amq.direct", "exchange", "gone"),
                            binding("amq.direct", "queue", "mine"),
                            binding("amq.direct", "queue", "q"))
                    .collect(Collectors.joining(",", "\"bindings\":[", "]"));
            ManagementClient.Answer answer = api.post("definitions", "{" + queues("/", "q") + "," + bindings + "}");
            assertThat(answer.status()).as(answer.body()).isEqualTo(204);
            assertThat(api.get("exchanges/%2F/amq.direct/bindings/source").list())
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("destination=q,");
        }
    }

    @Test
    void aFileIsTakenByTheLimitsThatItSetsItselfAndByTheNodes() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{limits: {queues: 3}}");
                ManagementClient api = broker.management()) {
            String tight = "\"parameters\":[{\"component\":\"vhost-limits\",\"name\":\"limits\",\"vhost\":\"/\","
                    + "\"value\":{\"max-queues\":1}}],";
            ManagementClient.Answer answer = api.post("definitions", "{" + tight + queues("/", "a", "b") + "}");
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body()).contains("at most 1 more, its max-queues");
            assertThat(api.get("vhost-limits").list()).isEmpty();
            api.put("vhost-limits/%2F/max-queues", "{\"value\":0}");
            String wide = tight.replace(":1}", ":2}");
            assertThat(api.post("definitions", "{" + wide + queues("/", "a", "b", "a") + "}")
                            .status())
                    .as("a queue named twice is one")
                    .isEqualTo(204);
            String none = tight.replace("\"max-queues\":1", "");
            answer = api.post("definitions", "{" + none + queues("/", "c", "d") + "}");
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body()).contains("at most 1 more; raise mq-broker.limits.queues");
            assertThat(api.get("queues/%2F/c").status()).isEqualTo(404);
            assertThat(api.post("definitions", "{" + none + queues("/", "c") + "}")
                            .status())
                    .isEqualTo(204);
        }
    }
}
