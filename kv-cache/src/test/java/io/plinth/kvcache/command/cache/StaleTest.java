package io.plinth.kvcache.command.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.FailureMode;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Strings that are kept an hour after they are fresh, and commands that change how long that is. */
class StaleTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection a = node.connect();

    @BeforeEach
    void keepsForAnHour() {
        PatternConfig hour = new PatternConfig(
                "k",
                0,
                null,
                0,
                Duration.ofHours(1),
                Duration.ofSeconds(30),
                false,
                null,
                null,
                true,
                WriteMode.NONE,
                FailureMode.ERROR);
        node.patterns.use(Map.of("one", hour));
    }

    private void freshFor600Seconds(String key) {
        assertThat(a.run("TTL " + key)).isEqualTo(":4200|");
        node.now += 599_000;
        assertThat(a.run("CACHE.GET " + key)).startsWith("*3|$3|hit|");
        node.now += 2_000;
        assertThat(a.run("CACHE.GET " + key)).startsWith("*3|$3|win|$1|v|");
        node.now += 3_598_000;
        assertThat(a.run("EXISTS " + key)).isEqualTo(":1|");
        node.now += 2_000;
        assertThat(a.run("EXISTS " + key)).isEqualTo(":0|");
    }

    @Test
    void anExpiryThatIsKeptIsNotMadeLonger() {
        assertThat(a.run("SET k x EX 600")).isEqualTo("+OK|");
        for (int i = 0; i < 3; i++) {
            assertThat(a.run("SET k v KEEPTTL")).isEqualTo("+OK|");
        }
        freshFor600Seconds("k");
        assertThat(a.run("SET k v KEEPTTL") + a.run("TTL k")).isEqualTo("+OK|:-1|");
    }

    @Test
    void anExpiryThatIsGivenLaterIsHowLongTheValueIsFresh() {
        assertThat(a.run("SET k v") + a.run("EXPIRE k 600")).isEqualTo("+OK|:1|");
        freshFor600Seconds("k");
        assertThat(a.run("SET k v") + a.run("GETEX k EX 600")).isEqualTo("+OK|$1|v|");
        freshFor600Seconds("k");
        assertThat(a.run("SET k v") + a.run("PEXPIREAT k " + (node.now + 600_000)))
                .isEqualTo("+OK|:1|");
        freshFor600Seconds("k");
    }

    @Test
    void conditionsOfAnExpiryAreAboutTheSameTime() {
        assertThat(a.run("SET k v EX 600") + a.run("EXPIRE k 601 GT") + a.run("EXPIRE k 600 GT"))
                .isEqualTo("+OK|:1|:0|");
        assertThat(a.run("EXPIRE k 600 LT") + a.run("TTL k") + a.run("EXPIRE k -1"))
                .isEqualTo(":1|:4200|:1|");
        assertThat(a.run("EXISTS k") + a.run("SADD kset v") + a.run("EXPIRE kset 10") + a.run("TTL kset"))
                .isEqualTo(":0|:1|:1|:10|");
    }

    @Test
    void removingWhatIsNotThereEndsALease() {
        for (String removal : new String[] {"GETDEL k", "SET k v PXAT 1", "DEL k", "UNLINK k"}) {
            String[] won = a.run("CACHE.GET k").split("\\|", -1);
            a.run(removal);
            assertThat(a.run("CACHE.SET k old TOKEN " + won[won.length - 2]))
                    .as(removal)
                    .isEqualTo("$-1|");
        }
    }
}
