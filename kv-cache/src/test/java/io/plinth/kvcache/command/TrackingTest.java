package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness.Connection;
import org.junit.jupiter.api.Test;

class TrackingTest {
    private final CommandHarness harness = new CommandHarness(Topologies.alone());

    private Connection tracking(String options) {
        Connection connection = harness.connect();
        connection.run("HELLO 3");
        assertThat(connection.run("CLIENT TRACKING ON" + options)).isEqualTo("+OK|");
        return connection;
    }

    @Test
    void aKeyWhoseTimeIsOverIsToldAlsoToTheClientThatFindsThat() {
        for (String mode : new String[] {" NOLOOP", " BCAST NOLOOP"}) {
            Connection connection = tracking(mode);
            connection.run("SET k v PX 100");
            connection.run("GET k");
            assertThat(connection.run("SET k v PX 100")).as(mode).isEqualTo("+OK|");
            connection.run("GET k");
            harness.now += 1_000;
            assertThat(connection.run("GET k"))
                    .as(mode)
                    .contains(">2|$10|invalidate|*1|$1|k|")
                    .contains("_|");
            connection.run("CLIENT TRACKING OFF");
        }
    }

    @Test
    void clientsThatAreGoneAreForgottenByKeysThatNeverChange() {
        Connection stays = tracking("");
        stays.run("SET k v");
        for (int i = 0; i < 1_000; i++) {
            Connection connection = tracking("");
            connection.run("GET k");
            harness.disconnect(connection);
        }
        stays.run("GET k");
        assertThat(harness.tracking.items()).isLessThan(100);
        assertThat(stays.run("SET k w")).contains(">2|$10|invalidate|*1|$1|k|");
    }
}
