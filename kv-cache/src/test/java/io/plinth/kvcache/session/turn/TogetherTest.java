package io.plinth.kvcache.session.turn;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.ProtocolException;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.kvcache.wire.RequestDecoder;
import io.plinth.kvcache.wire.WireLimits;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TogetherTest {
    private final List<String> ran = new ArrayList<>();
    private final ReadBuffers buffers = new ReadBuffers();
    private long now = 5;
    private int rests;
    private final Clock clock = new Clock() {
        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(now++);
        }
    };
    private final Together together = new Together(
            new Ahead(new Keyspace(16 << 20, Eviction.ALL_KEYS, 1_000, new Random(1))), () -> rests++, clock);

    private final class Connection implements Together.Member {
        private final String name;
        private final RequestDecoder decoder =
                new RequestDecoder(new WireLimits(1024, 64, 256, 4096), buffers, new ClientMemory(1 << 20));

        Connection(String name, String sent) {
            this.name = name;
            try {
                decoder.feed(Unpooled.copiedBuffer(sent, ISO_8859_1));
            } catch (ProtocolException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public int look(Ahead ahead) {
            return ahead.add(0, decoder);
        }

        @Override
        public void runs(long nowMillis, int first) {
            ran.add(name + " at " + nowMillis + " is at " + first);
            together.run();
        }
    }

    @Test
    void runsAllInTheirOrderEachAtItsTime() {
        assertThat(together.time()).isEqualTo(5);
        together.add(new Connection("a", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"));
        assertThat(together.time()).isEqualTo(5);
        together.add(new Connection("b", "GET k\r\n"));
        assertThat(together.time()).isEqualTo(5);
        together.add(new Connection("c", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(3)));
        assertThat(ran).isEmpty();

        together.run();
        assertThat(ran).containsExactly("a at 6 is at 0", "b at 7 is at -1", "c at 8 is at 1");
        assertThat(rests).isEqualTo(1);
        together.run();
        assertThat(ran).hasSize(3);
    }

    @Test
    void doesNotWaitForMoreThanAreFetchedTogether() {
        for (int i = 0; i < 40; i++) {
            together.add(new Connection("" + i, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"));
        }

        assertThat(ran).hasSize(32).startsWith("0 at 5 is at 0").endsWith("31 at 36 is at 15");
        together.run();
        assertThat(ran).hasSize(40);
    }
}
