package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
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
                            "\"bindings\":[{\"source\":\"nowhere\",\"vhost\":\"new\",\"destination\":\"q\",\"destination_type\":\"queue\",\"routing_key\":\"\",\"arguments\":{}}]",
                            "bindings[0] 'nowhere': no exchange 'nowhere' in vhost 'new'",
                            "\"bindings\":[{\"source\":\"amq.headers\",\"vhost\":\"new\",\"destination\":\"q\",\"destination_type\":\"queue\",\"routing_key\":\"\",\"arguments\":{\"x-match\":\"some\"}}]",
                            "invalid x-match: some",
                            "\"exchanges\":[{\"name\":\"e\",\"vhost\":\"new\",\"type\":\"odd\",\"durable\":true,\"auto_delete\":false,\"internal\":false,\"arguments\":{}}]",
                            "exchanges[0] 'e': invalid exchange type 'odd'",
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
}
