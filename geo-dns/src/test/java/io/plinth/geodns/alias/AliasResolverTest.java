package io.plinth.geodns.alias;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.geodns.answer.AddressAliases.Addresses;
import io.plinth.geodns.policy.Client;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

class AliasResolverTest {
    private static final Name NAME = Name.parse("lb.far.example.");
    private static final long SECOND = 1_000_000_000L;

    private final List<CompletableFuture<AliasAnswer>> asked = new ArrayList<>();
    private final Client client = new Client(new SplittableRandom(1));
    /** Time goes on beyond the largest number there is, as it may. */
    private long now = Long.MAX_VALUE - 5 * SECOND;

    private final AliasResolver resolver = new AliasResolver(
            (which, name, network, bits) -> {
                CompletableFuture<AliasAnswer> ipv4 = new CompletableFuture<>();
                asked.add(ipv4);
                return new AliasResolver.Both(
                        ipv4, CompletableFuture.completedStage(new AliasAnswer(List.of(), 3_600, 0)));
            },
            1,
            new AliasResolver.Limits(1_000, 60, 600, 2),
            () -> now,
            new SplittableRandom(1));

    private @Nullable Addresses find(int network) {
        client.become(new byte[] {10, 0, (byte) network, 1}, 32);
        return resolver.find(NAME, client);
    }

    private RecordSet found(int network) {
        return Objects.requireNonNull(Objects.requireNonNull(find(network)).ipv4());
    }

    private int last(int network) {
        return found(network).records().getFirst().octets()[3];
    }

    private void answer(int which, int last, int scope) {
        asked.get(which)
                .complete(new AliasAnswer(List.of(Rdata.of(new byte[] {(byte) 192, 0, 2, (byte) last})), 3_600, scope));
    }

    @Test
    void theAnswerForEverybodyIsANetworksOwnAsLongAsItsOwnIsNotKnown() {
        assertThat(find(1)).isNull();
        answer(0, 1, 0);
        assertThat(last(1)).isEqualTo(1);
        assertThat(client.scope()).isEqualTo(24);
        answer(1, 2, 16);
        assertThat(last(1)).isEqualTo(2);
        assertThat(client.scope()).isEqualTo(16);
    }

    @Test
    void theLimitIsOfNetworksAndThoseWhoseTimeIsOverMakeRoom() {
        find(1);
        find(2);
        assertThat(asked).hasSize(3);
        answer(0, 1, 0);
        answer(1, 2, 24);
        answer(2, 3, 24);
        assertThat(last(3)).isEqualTo(1);
        assertThat(client.scope()).isEqualTo(24);
        assertThat(asked).hasSize(3);
        // A name that comes new is known for everybody at least.
        resolver.prefetch(Set.of(NAME, Name.parse("other.far.example.")));
        assertThat(asked).hasSize(4);
        now += 61 * SECOND;
        find(3);
        answer(asked.size() - 1, 4, 24);
        assertThat(last(3)).isEqualTo(4);
    }

    @Test
    void anOldAnswerIsGivenShortlyAndForAWhileOnly() {
        resolver.prefetch(Set.of(NAME));
        answer(0, 1, 0);
        assertThat(found(1).ttl()).isEqualTo(60);
        now += 61 * SECOND;
        assertThat(found(1).ttl()).isEqualTo(30);
        now += 600 * SECOND;
        assertThat(find(1)).isNull();
    }

    @Test
    void aTruncatedAnswerIsNone() {
        Message message = Message.newQuery(
                Record.newRecord(org.xbill.DNS.Name.fromConstantString(NAME.toString()), Type.A, DClass.IN));
        message.getHeader().setID(7);
        message.getHeader().setFlag(Flags.QR);
        assertThat(AliasAnswer.read(message.toWire(), 7, NAME, RecordType.A)).isNotNull();
        message.getHeader().setFlag(Flags.TC);
        assertThat(AliasAnswer.read(message.toWire(), 7, NAME, RecordType.A)).isNull();
    }
}
