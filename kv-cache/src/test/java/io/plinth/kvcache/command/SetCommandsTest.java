package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import org.junit.jupiter.api.Test;

class SetCommandsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    @Test
    void movesMembersBetweenSetsAndLeavesASetMovedToItselfAlone() {
        assertThat(client.run("SADD s a")).isEqualTo(":1|");
        assertThat(client.run("SMOVE s s a")).isEqualTo(":1|");
        assertThat(client.run("SMOVE s s x")).isEqualTo(":0|");
        assertThat(client.run("SMEMBERS s")).isEqualTo("*1|$1|a|");
        assertThat(client.run("SMOVE s t a")).isEqualTo(":1|");
        assertThat(client.run("EXISTS s t")).isEqualTo(":1|");
        assertThat(client.run("SMOVE t s a")).isEqualTo(":1|");
        assertThat(client.run("SMOVE t s a")).isEqualTo(":0|");
    }
}
