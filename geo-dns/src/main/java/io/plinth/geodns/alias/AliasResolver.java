package io.plinth.geodns.alias;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.geodns.answer.AddressAliases;
import io.plinth.geodns.policy.Client;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asked by every loop: addresses of names elsewhere, by name and client network. What is missing or half its time old is
 * asked for in the background, and until that is there the answer for everybody, or the old one, is given.
 */
public final class AliasResolver implements AddressAliases {
    private static final Logger LOG = LoggerFactory.getLogger(AliasResolver.class);
    private static final byte[] EVERYBODY = {};
    private static final int IPV4_BITS = 24;
    private static final int IPV6_BITS = 56;
    private static final long NANOS = 1_000_000_000L;

    private final List<EventLoop> loops;
    private final Class<? extends Channel> datagrams;
    private final List<InetSocketAddress> resolvers;
    private final Limits limits;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private final Map<Key, Entry> entries = new ConcurrentHashMap<>();

    /** How long and how much. */
    public record Limits(long timeoutMillis, int ttl, int networks) {}

    private record Key(Name name, String network) {}

    private static final class Entry {
        private volatile @Nullable Addresses addresses;
        private volatile long renewAt;
        private boolean asking;

        Entry(long now) {
            renewAt = now;
        }
    }

    /** A resolver without resolvers to ask knows nothing. */
    public AliasResolver(
            List<EventLoop> loops,
            Class<? extends Channel> datagrams,
            List<InetSocketAddress> resolvers,
            Limits limits,
            LongSupplier nanoTime,
            RandomGenerator random) {
        this.loops = List.copyOf(loops);
        this.datagrams = datagrams;
        this.resolvers = List.copyOf(resolvers);
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.random = random;
    }

    @Override
    public @Nullable Addresses find(Name name, Client client) {
        Addresses everybody = find(name, EVERYBODY, 0, 0);
        byte[] address = client.address();
        int bits = Math.min(client.bits(), address.length == 4 ? IPV4_BITS : IPV6_BITS);
        Addresses own = find(name, masked(address, bits), address.length, bits);
        if (own == null) {
            return everybody;
        }
        client.narrow(Math.min(own.scope(), bits));
        return own;
    }

    /** Asks for names before anybody does. */
    public void prefetch(List<Name> names) {
        names.forEach(name -> find(name, EVERYBODY, 0, 0));
    }

    /** The first {@code bits} of an address: what is beyond them says nothing and must not be sent. */
    private static byte[] masked(byte[] address, int bits) {
        byte[] network = Arrays.copyOf(address, (bits + 7) / 8);
        if (bits % 8 != 0) {
            network[network.length - 1] &= (byte) (0xFF00 >>> (bits % 8));
        }
        return network;
    }

    private @Nullable Addresses find(Name name, byte[] network, int width, int bits) {
        Key key = new Key(name, width + "/" + bits + "/" + HexFormat.of().formatHex(network));
        Entry entry = entries.get(key);
        if (entry == null) {
            if (resolvers.isEmpty() || entries.size() >= limits.networks()) {
                return null;
            }
            entry = entries.computeIfAbsent(key, each -> new Entry(nanoTime.getAsLong()));
        }
        if (entry.renewAt - nanoTime.getAsLong() <= 0) {
            renew(name, Arrays.copyOf(network, width), bits, entry);
        }
        return entry.addresses;
    }

    private void renew(Name name, byte[] network, int bits, Entry entry) {
        synchronized (entry) {
            if (entry.asking) {
                return;
            }
            entry.asking = true;
        }
        int which;
        int turn;
        synchronized (random) {
            which = random.nextInt(resolvers.size());
            turn = random.nextInt(loops.size());
        }
        ask(loops.get(turn), which, name, RecordType.A, network, bits)
                .thenCombine(ask(loops.get(turn), which, name, RecordType.AAAA, network, bits), this::addresses)
                .whenComplete((addresses, failure) -> {
                    if (addresses != null) {
                        entry.addresses = addresses;
                    } else {
                        LOG.debug("alias {} - {}", name, String.valueOf(failure));
                    }
                    long seconds = addresses == null ? 1 : Math.max(1, ttl(addresses) / 2);
                    entry.renewAt = nanoTime.getAsLong() + seconds * NANOS;
                    synchronized (entry) {
                        entry.asking = false;
                    }
                });
    }

    private CompletionStage<AliasAnswer> ask(
            EventLoop loop, int resolver, Name name, int type, byte[] network, int bits) {
        synchronized (random) {
            return AliasExchange.ask(
                    loop,
                    datagrams,
                    resolvers.get(resolver),
                    limits.timeoutMillis(),
                    random,
                    name,
                    type,
                    network,
                    bits);
        }
    }

    private Addresses addresses(AliasAnswer ipv4, AliasAnswer ipv6) {
        int ttl = Math.min(limits.ttl(), Math.max(1, Math.min(ipv4.ttl(), ipv6.ttl())));
        return new Addresses(
                set(RecordType.A, ttl, ipv4.addresses()),
                set(RecordType.AAAA, ttl, ipv6.addresses()),
                Math.max(ipv4.scope(), ipv6.scope()));
    }

    private static @Nullable RecordSet set(int type, int ttl, List<Rdata> addresses) {
        return addresses.isEmpty() ? null : new RecordSet(Name.ROOT, type, ttl, addresses);
    }

    private static int ttl(Addresses addresses) {
        RecordSet set = addresses.ipv4() != null ? addresses.ipv4() : addresses.ipv6();
        return set == null ? 1 : set.ttl();
    }
}
