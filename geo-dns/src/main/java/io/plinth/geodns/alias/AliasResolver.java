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
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asked by every loop: addresses of names elsewhere, by name and client network. What is missing or half its time old is
 * asked for in the background, and until that is there the answer for everybody, or the old one, is given; an old one
 * with a short TTL, and for a while only (RFC 8767 sections 4 and 5).
 */
public final class AliasResolver implements AddressAliases {
    private static final Logger LOG = LoggerFactory.getLogger(AliasResolver.class);
    private static final byte[] EVERYBODY = {};
    private static final int IPV4_BITS = 24;
    private static final int IPV6_BITS = 56;
    private static final int STALE_TTL = 30;
    private static final long NANOS = 1_000_000_000L;

    private final Asking asking;
    private final int resolvers;
    private final Limits limits;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private final Map<Name, Entry> everybody = new ConcurrentHashMap<>();
    private final Map<Key, Entry> networks = new ConcurrentHashMap<>();
    private final AtomicLong nextSweep;

    /**
     * How long and how much.
     *
     * @param ttl seconds an answer holds at most
     * @param stale seconds an answer is given after that, where no new one comes
     */
    public record Limits(long timeoutMillis, int ttl, int stale, int networks) {}

    private record Key(Name name, String network) {}

    /** Asks one resolver. */
    @FunctionalInterface
    interface Asking {
        /** Asks the resolver of a number for the addresses of both kinds; the network is empty for none. */
        Both ask(int resolver, Name name, byte[] network, int bits);
    }

    /** What comes of both questions. */
    record Both(CompletionStage<AliasAnswer> ipv4, CompletionStage<AliasAnswer> ipv6) {}

    private static final class Entry {
        private volatile @Nullable Addresses addresses;
        private volatile long renewAt;
        private volatile long expiresAt;
        private boolean asking;

        Entry(long now) {
            renewAt = now;
            expiresAt = now + NANOS;
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
        this(
                (which, name, network, bits) -> {
                    synchronized (random) {
                        EventLoop loop = loops.get(random.nextInt(loops.size()));
                        InetSocketAddress at = resolvers.get(which);
                        long timeout = limits.timeoutMillis();
                        return new Both(
                                AliasExchange.ask(
                                        loop, datagrams, at, timeout, random, name, RecordType.A, network, bits),
                                AliasExchange.ask(
                                        loop, datagrams, at, timeout, random, name, RecordType.AAAA, network, bits));
                    }
                },
                resolvers.size(),
                limits,
                nanoTime,
                random);
    }

    AliasResolver(Asking asking, int resolvers, Limits limits, LongSupplier nanoTime, RandomGenerator random) {
        this.asking = asking;
        this.resolvers = resolvers;
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.random = random;
        this.nextSweep = new AtomicLong(nanoTime.getAsLong());
    }

    @Override
    public @Nullable Addresses find(Name name, Client client) {
        if (resolvers == 0) {
            return null;
        }
        long now = nanoTime.getAsLong();
        Addresses shared = current(entryOf(name, now), name, EVERYBODY, 0, now);
        byte[] address = client.address();
        int bits = Math.min(client.bits(), address.length == 4 ? IPV4_BITS : IPV6_BITS);
        byte[] network = masked(address, bits);
        Entry entry = entryOf(name, network, address.length, bits, now);
        Addresses own = entry == null ? null : current(entry, name, Arrays.copyOf(network, address.length), bits, now);
        // Until the network's own answer is known the one for everybody is only this network's too: the next may be
        // another.
        client.narrow(own == null ? bits : Math.min(own.scope(), bits));
        return own == null ? shared : own;
    }

    /** Asks for names before anybody does, and forgets all others. */
    public void prefetch(Set<Name> names) {
        everybody.keySet().retainAll(names);
        networks.keySet().removeIf(key -> !names.contains(key.name()));
        if (resolvers > 0) {
            long now = nanoTime.getAsLong();
            names.forEach(name -> current(entryOf(name, now), name, EVERYBODY, 0, now));
        }
    }

    /** The first {@code bits} of an address: what is beyond them says nothing and must not be sent. */
    private static byte[] masked(byte[] address, int bits) {
        byte[] network = Arrays.copyOf(address, (bits + 7) / 8);
        if (bits % 8 != 0) {
            network[network.length - 1] &= (byte) (0xFF00 >>> (bits % 8));
        }
        return network;
    }

    private Entry entryOf(Name name, long now) {
        Entry entry = everybody.get(name);
        return entry != null ? entry : everybody.computeIfAbsent(name, each -> new Entry(now));
    }

    /** Null where there are too many already. */
    private @Nullable Entry entryOf(Name name, byte[] network, int width, int bits, long now) {
        Key key = new Key(name, width + "/" + bits + "/" + HexFormat.of().formatHex(network));
        Entry entry = networks.get(key);
        if (entry != null) {
            return entry;
        }
        if (networks.size() >= limits.networks()) {
            long due = nextSweep.get();
            if (due - now > 0 || !nextSweep.compareAndSet(due, now + NANOS)) {
                return null;
            }
            networks.values().removeIf(each -> each.expiresAt - now <= 0);
            if (networks.size() >= limits.networks()) {
                return null;
            }
        }
        return networks.computeIfAbsent(key, each -> new Entry(now));
    }

    /** What an entry says now, which is asked for again when half its time is over. */
    private @Nullable Addresses current(Entry entry, Name name, byte[] network, int bits, long now) {
        if (entry.renewAt - now <= 0) {
            renew(name, network, bits, entry);
        }
        Addresses addresses = entry.addresses;
        if (addresses == null || entry.expiresAt - now > 0) {
            return addresses;
        }
        return entry.expiresAt + limits.stale() * NANOS - now > 0 ? stale(addresses) : null;
    }

    private static Addresses stale(Addresses addresses) {
        return new Addresses(stale(addresses.ipv4()), stale(addresses.ipv6()), addresses.scope());
    }

    private static @Nullable RecordSet stale(@Nullable RecordSet set) {
        return set == null || set.ttl() <= STALE_TTL ? set : set.withTtl(STALE_TTL);
    }

    private void renew(Name name, byte[] network, int bits, Entry entry) {
        synchronized (entry) {
            if (entry.asking) {
                return;
            }
            entry.asking = true;
        }
        int which;
        synchronized (random) {
            which = random.nextInt(resolvers);
        }
        Both both = asking.ask(which, name, network, bits);
        both.ipv4().thenCombine(both.ipv6(), this::addresses).whenComplete((addresses, failure) -> {
            long now = nanoTime.getAsLong();
            if (addresses != null) {
                entry.addresses = addresses;
                int ttl = ttl(addresses);
                entry.expiresAt = now + ttl * NANOS;
                entry.renewAt = now + Math.max(1, ttl / 2) * NANOS;
            } else {
                LOG.debug("alias {} - {}", name, String.valueOf(failure));
                entry.renewAt = now + NANOS;
            }
            synchronized (entry) {
                entry.asking = false;
            }
        });
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
