package io.plinth.kvcache.persist.effect;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.value.ListPack;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** A snapshot's parts may have been written when a group had gone, and the changes from before that are made again. */
class StreamEffectsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final KeyRef key = new KeyRef().set(node.keyspace.hasher(), 0, "key".getBytes(ISO_8859_1), 0, 3);
    private final Segment segment = node.keyspace.segment(key.slot());

    private void apply(String effect, String... arguments) {
        ListPack pack = new ListPack();
        for (String argument : arguments) {
            pack.append(argument.getBytes(ISO_8859_1));
        }
        segment.lock();
        try {
            StreamEffects.apply(segment, entry(), effect, pack.dump());
        } finally {
            segment.unlock();
        }
    }

    private Entry entry() {
        segment.lock();
        try {
            return Objects.requireNonNull(segment.peek(key, 0));
        } finally {
            segment.unlock();
        }
    }

    @Test
    void ofAGroupThatWentSayNothing() {
        node.connect().run("XADD key 1-1 f v");
        apply("deliver", "gone", "1-1", "consumer", "5", "1");
        for (String effect : List.of("consumer", "unconsumer")) {
            apply(effect, "gone", "consumer", "5");
        }
        apply("position", "gone", "1-1", "1");
        apply("acknowledge", "gone", "1-1");
        assertThat(entry().stream().groups()).isEmpty();
        apply("ungroup", "gone");
        apply("group", "gone", "0-0", "0");
        apply("deliver", "gone", "1-1", "consumer", "5", "1");
        assertThat(entry().stream().groups()).hasSize(1);
        assertThat(Objects.requireNonNull(entry().stream().group("gone")).pending())
                .isEqualTo(1);
    }
}
