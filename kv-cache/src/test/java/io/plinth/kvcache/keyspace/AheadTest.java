package io.plinth.kvcache.keyspace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.plinth.kvcache.session.turn.Ahead;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.ProtocolException;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.kvcache.wire.RequestDecoder;
import io.plinth.kvcache.wire.WireLimits;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AheadTest {
    private final KeyspaceFixture fixture = new KeyspaceFixture(64 << 20, Eviction.ALL_KEYS);

    private static RequestDecoder asking(Random random, int keys) {
        StringBuilder commands = new StringBuilder();
        for (int i = 0; i < 16; i++) {
            String key = "key:" + random.nextInt(keys);
            commands.append("*2\r\n$3\r\nGET\r\n$")
                    .append(key.length())
                    .append("\r\n")
                    .append(key)
                    .append("\r\n");
        }
        RequestDecoder decoder = new RequestDecoder(
                new WireLimits(1 << 20, 64, 256, 1 << 20), new ReadBuffers(), new ClientMemory(1 << 20));
        try {
            decoder.feed(Unpooled.copiedBuffer(commands, ISO_8859_1));
        } catch (ProtocolException e) {
            throw new AssertionError(e);
        }
        return decoder;
    }

    @Test
    void changesNothing() {
        Random random = new Random(1);
        Ahead ahead = new Ahead(fixture.keyspace);
        assertThat(ahead.look(0, asking(random, 100))).isEqualTo(16);
        for (int i = 0; i < 1_000; i += 2) {
            fixture.put("key:" + i, random.nextInt(3_000));
        }
        for (int i = 0; i < 100; i++) {
            assertThat(ahead.look(0, asking(random, 1_000))).isEqualTo(16);
        }
        fixture.verify();
        assertThat(fixture.keyspace.stats().hits() + fixture.keyspace.stats().misses())
                .isZero();
        for (int i = 0; i < 1_000; i++) {
            assertThat(fixture.read("key:" + i) != null).isEqualTo(i % 2 == 0);
        }
    }

    @Test
    void tellsCommandsWhatItComputedOfTheirKeys() throws ProtocolException {
        Ahead ahead = new Ahead(fixture.keyspace);
        RequestDecoder decoder = asking(new Random(4), 100);
        ahead.starts(Ahead.NONE);
        for (int i = 0; i < 16; i++) {
            assertThat(ahead.next(0, decoder)).isTrue();
            Args args = decoder.args();
            KeyRef key = fixture.key(args.text(1));
            assertThat(args.isHashed(0)).isTrue();
            assertThat(args.isHashed(1)).isFalse();
            assertThat(args.slot()).isEqualTo(key.slot());
            assertThat(args.hash()).isEqualTo(key.hash());
        }
        assertThat(ahead.next(0, decoder)).isFalse();
    }

    @Test
    void tellsNothingOfOneConnectionsKeysToAnother() throws ProtocolException {
        Ahead ahead = new Ahead(fixture.keyspace);
        RequestDecoder first = asking(new Random(5), 100);
        RequestDecoder second = asking(new Random(6), 100);
        ahead.starts(Ahead.NONE);
        assertThat(ahead.next(0, first)).isTrue();
        // As where a command of the first has the second's run.
        ahead.look(0, second);
        assertThat(ahead.next(0, first)).isTrue();
        assertThat(first.args().isHashed(0)).isFalse();
        // And another database is no matter of the keys' bytes.
        ahead.look(0, second);
        ahead.starts(0);
        assertThat(ahead.next(1, second)).isTrue();
        assertThat(second.args().isHashed(1)).isFalse();
        assertThat(second.args().isHashed(0)).isFalse();
    }

    @Test
    void readsWithoutLocksWhatAnotherThreadWrites() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        Thread writer = Thread.ofPlatform().start(() -> {
            Random random = new Random(2);
            for (int i = 0; i < 60_000; i++) {
                String key = "key:" + random.nextInt(20_000);
                if (random.nextInt(3) == 0) {
                    fixture.delete(key);
                } else {
                    fixture.put(key, random.nextInt(random.nextInt(20) == 0 ? 4_000 : 100));
                }
            }
            done.set(true);
        });
        Random random = new Random(3);
        Ahead ahead = new Ahead(fixture.keyspace);
        long looks = 0;
        do {
            assertThat(ahead.look(0, asking(random, 20_000))).isEqualTo(16);
            looks++;
        } while (!done.get() && writer.isAlive());
        writer.join();
        assertThat(done).isTrue();
        assertThat(looks).isPositive();
        fixture.verify();
    }
}
