package io.plinth.kvcache.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.admin.info.KeySums;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Keyspace;
import org.junit.jupiter.api.Test;

class KeySumsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection redis = node.connect();

    @Test
    void countsEveryDatabaseOnceAndWhenFirstAsked() {
        KeySums sums = new KeySums(node.keyspace);
        for (int i = 0; i < 900; i++) {
            redis.run("SET k" + i + (i % 3 == 0 ? " v EX 100" : " v"));
        }

        assertThat(sums.keys(0)).isEqualTo(900);
        redis.run("SET later v");
        assertThat(sums.keys(0)).isEqualTo(900);
        assertThat(sums.expiring(0)).isEqualTo(300);
        assertThat(sums.keys(1)).isZero();
        assertThat(sums.overhead()).isEqualTo(900 * Keyspace.KEY_SHARE + 300 * Keyspace.EXPIRY_SHARE);
    }
}
