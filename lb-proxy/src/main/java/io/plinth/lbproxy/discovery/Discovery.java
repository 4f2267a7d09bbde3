package io.plinth.lbproxy.discovery;

import io.netty.channel.EventLoop;
import io.plinth.kit.net.EventLoops;
import io.plinth.lbproxy.config.PoolConfig.DnsConfig;
import io.plinth.lbproxy.upstream.HealthChecks;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the servers of pools as DNS and watched files have them. Its own thread reads files and changes pools; names are
 * looked up on an event loop.
 */
public final class Discovery implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Discovery.class);
    private static final long FILE_MILLIS = 500;
    private static final long FIRST_MILLIS = 3_000;

    private final EventLoops loops;
    private final HealthChecks healthChecks;
    private final Supplier<Map<String, Pool>> pools;
    private final ScheduledExecutorService thread;
    private final ConcurrentMap<String, Membership> memberships = new ConcurrentHashMap<>();
    private final Map<String, Following> following = new HashMap<>();

    /** One source that is followed. Owned by the discovery thread. */
    private static final class Following {
        final Source source;
        final CountDownLatch first = new CountDownLatch(1);

        @Nullable
        DnsLookup lookup;

        @Nullable
        FileTime stamp;

        long size;

        /** What went wrong last, said once; null while nothing does. */
        @Nullable
        String trouble;

        volatile boolean ended;

        Following(Source source) {
            this.source = source;
        }
    }

    /**
     * Follows nothing yet.
     *
     * @param pools the pools of now, by name
     */
    public Discovery(String node, EventLoops loops, HealthChecks healthChecks, Supplier<Map<String, Pool>> pools) {
        this.loops = loops;
        this.healthChecks = healthChecks;
        this.pools = pools;
        thread = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name(node + "-discovery").daemon(true).factory());
    }

    /**
     * What a pool's servers would be, given those that the file names; what is found elsewhere and the operator's changes
     * count.
     */
    public List<ServerSettings> servers(Source source, List<ServerSettings> named) {
        Membership membership = memberships.get(source.pool());
        if (membership == null) {
            return new Membership(named).servers();
        }
        return source.dynamic() ? membership.servers() : membership.servers(named);
    }

    /**
     * Follows these sources from now on; those that are followed already go on undisturbed.
     *
     * @param named the servers that the file names, by pool
     */
    public synchronized void follow(List<Source> sources, Map<String, List<ServerSettings>> named) {
        following.values().removeIf(known -> {
            boolean stays = sources.contains(known.source);
            if (!stays) {
                known.ended = true;
                thread.execute(() -> close(known));
            }
            return !stays;
        });
        memberships
                .keySet()
                .removeIf(name ->
                        sources.stream().noneMatch(source -> source.pool().equals(name)));
        for (Source source : sources) {
            List<ServerSettings> ofFile = named.getOrDefault(source.pool(), List.of());
            Membership membership = memberships.computeIfAbsent(source.pool(), name -> new Membership(ofFile));
            if (!source.dynamic()) {
                membership.known(ofFile);
            }
            // The operator may have changed some since the pool's list was made.
            thread.execute(() -> change(source.pool(), membership));
            if (source.dynamic() && !following.containsKey(source.pool())) {
                Following next = new Following(source);
                following.put(source.pool(), next);
                thread.execute(() -> look(next));
            }
        }
    }

    /** Waits a while until every source has been looked at once; for the start, on the runner's thread. */
    public void awaitFirst() {
        List<Following> all;
        synchronized (this) {
            all = List.copyOf(following.values());
        }
        long deadline = FIRST_MILLIS;
        for (Following each : all) {
            try {
                if (!each.first.await(deadline, TimeUnit.MILLISECONDS)) {
                    LOG.warn("pool {}: no servers found yet", each.source.pool());
                    deadline = 0;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void look(Following known) {
        if (known.ended) {
            return;
        }
        DnsConfig dns = known.source.dns();
        if (dns != null) {
            resolve(known, dns);
        } else {
            try {
                read(known);
            } finally {
                thread.schedule(() -> look(known), FILE_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    private void resolve(Following known, DnsConfig dns) {
        DnsLookup lookup = known.lookup;
        if (lookup == null) {
            EventLoop loop = loops.all().getFirst();
            lookup = new DnsLookup(dns, loop, loops);
            known.lookup = lookup;
        }
        lookup.find().whenComplete((found, error) -> {
            if (!thread.isShutdown()) {
                thread.execute(() -> resolved(known, dns, found, error));
            }
        });
    }

    private void resolved(Following known, DnsConfig dns, DnsLookup.@Nullable Found found, @Nullable Throwable error) {
        long ttl = 0;
        if (found != null) {
            ttl = found.ttlSeconds() * 1_000;
            apply(known, found.servers());
        }
        trouble(known, found != null ? null : dns.name() + " not looked up: " + error);
        known.first.countDown();
        long wait = Math.clamp(
                ttl,
                dns.minTtl().toMillis(),
                Math.max(dns.minTtl().toMillis(), dns.maxTtl().toMillis()));
        thread.schedule(() -> look(known), wait, TimeUnit.MILLISECONDS);
    }

    private void read(Following known) {
        Path file = known.source.file();
        if (file == null) {
            return;
        }
        try {
            FileTime stamp = Files.getLastModifiedTime(file);
            long size = Files.size(file);
            if (!stamp.equals(known.stamp) || size != known.size) {
                List<ServerSettings> found = ServerList.read(file);
                if (found.isEmpty()) {
                    throw new IOException(file + ": no server (expected: at least one; the last ones stay)");
                }
                apply(known, found);
                known.stamp = stamp;
                known.size = size;
                trouble(known, null);
            }
        } catch (IOException e) {
            known.stamp = null;
            trouble(known, "servers not read: " + e);
        }
        known.first.countDown();
    }

    private static void trouble(Following known, @Nullable String what) {
        if (!Objects.equals(known.trouble, what) && !known.ended) {
            if (what == null) {
                LOG.info("pool {}: servers found again", known.source.pool());
            } else {
                LOG.warn("pool {}: {}", known.source.pool(), what);
            }
            known.trouble = what;
        }
    }

    private void apply(Following known, List<ServerSettings> servers) {
        String pool = known.source.pool();
        Membership membership;
        synchronized (this) {
            membership = known.ended ? null : memberships.get(pool);
            if (membership == null) {
                return;
            }
            membership.known(servers);
        }
        change(pool, membership);
    }

    private void change(String name, Membership membership) {
        Pool pool = pools.get().get(name);
        if (pool != null && pool.update(membership.servers())) {
            healthChecks.refresh(pool);
            LOG.info("pool {}: {} servers", name, pool.servers().size());
        }
    }

    /** Has a pool's membership changed by the operator, on the discovery thread. */
    void change(String pool, Consumer<Membership> what) {
        Membership membership = memberships.get(pool);
        if (membership != null) {
            what.accept(membership);
            change(pool, membership);
        }
    }

    @Nullable
    Membership membership(String pool) {
        return memberships.get(pool);
    }

    ScheduledExecutorService thread() {
        return thread;
    }

    private static void close(Following known) {
        DnsLookup lookup = known.lookup;
        if (lookup != null) {
            lookup.close();
        }
    }

    @Override
    public synchronized void close() {
        following.values().forEach(known -> known.ended = true);
        thread.shutdownNow();
        following.values().forEach(Discovery::close);
        following.clear();
    }
}
