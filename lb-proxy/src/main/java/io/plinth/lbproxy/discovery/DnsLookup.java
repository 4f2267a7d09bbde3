package io.plinth.lbproxy.discovery;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import io.netty.util.ReferenceCountUtil;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.net.EventLoops;
import io.plinth.lbproxy.config.PoolConfig.DnsConfig;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Looks a pool's servers up in DNS, with the time they are good for. Owned by one event loop. */
final class DnsLookup implements AutoCloseable {
    private static final long QUERY_MILLIS = 2_000;

    /** What DNS said: servers, and the smallest time to live in seconds. */
    record Found(List<ServerSettings> servers, long ttlSeconds) {}

    private record Target(String host, int port, int weight, long ttl) {}

    private final DnsConfig config;
    private final DnsNameResolver resolver;

    DnsLookup(DnsConfig config, EventLoop loop, EventLoops loops) {
        this.config = config;
        DnsNameResolverBuilder builder = new DnsNameResolverBuilder(loop)
                .datagramChannelFactory(() -> {
                    try {
                        return loops.datagramChannel().getDeclaredConstructor().newInstance();
                    } catch (ReflectiveOperationException e) {
                        throw new IllegalStateException("a channel class without a constructor", e);
                    }
                })
                .queryTimeoutMillis(QUERY_MILLIS)
                .maxQueriesPerResolve(16);
        if (!config.servers().isEmpty()) {
            builder.nameServerProvider(new SequentialDnsServerAddressStreamProvider(config.servers().stream()
                    .map(at -> new InetSocketAddress(at.host(), at.port()))
                    .toArray(InetSocketAddress[]::new)));
        }
        resolver = builder.build();
    }

    /** Asks; completes on the loop. */
    CompletionStage<Found> find() {
        if (config.type() != DnsConfig.Type.SRV) {
            return addresses(new Target(config.name(), config.port(), 1, Long.MAX_VALUE))
                    .thenApply(servers -> found(List.of(servers)));
        }
        return query(config.name(), DnsRecordType.SRV).thenCompose(records -> {
            List<CompletableFuture<Found>> found = new ArrayList<>();
            // RFC 2782: only targets of the lowest priority are used.
            int lowest = records.stream().mapToInt(Line::priority).min().orElse(0);
            records.stream()
                    .filter(line -> line.priority() == lowest)
                    .forEach(line -> found.add(addresses(line.target()).toCompletableFuture()));
            return CompletableFuture.allOf(found.toArray(CompletableFuture[]::new))
                    .thenApply(done ->
                            found(found.stream().map(CompletableFuture::join).toList()));
        });
    }

    private static Found found(List<Found> parts) {
        List<ServerSettings> servers = parts.stream()
                .flatMap(part -> part.servers().stream())
                .collect(Collectors.toMap(ServerSettings::name, server -> server, (one, same) -> one))
                .values()
                .stream()
                .limit(ServerList.MAX_SERVERS)
                .toList();
        return new Found(
                servers, parts.stream().mapToLong(Found::ttlSeconds).min().orElse(0));
    }

    /** What one record says: an SRV's target, or an address. */
    private record Line(
            int priority, Target target, @Nullable InetAddress address) {}

    private CompletionStage<Found> addresses(Target target) {
        CompletionStage<List<Line>> four = query(target.host(), DnsRecordType.A).exceptionally(DnsLookup::none);
        CompletionStage<List<Line>> six = config.ipv6()
                ? query(target.host(), DnsRecordType.AAAA).exceptionally(DnsLookup::none)
                : CompletableFuture.completedFuture(List.of());
        return four.thenCombine(six, (a, b) -> {
            List<ServerSettings> servers = new ArrayList<>();
            long ttl = target.ttl();
            for (List<Line> lines : List.of(a, b)) {
                for (Line line : lines) {
                    InetAddress address = line.address();
                    if (address != null) {
                        ttl = Math.min(ttl, line.target().ttl());
                        String name = new HostPort(address.getHostAddress(), target.port()).toString();
                        InetSocketAddress at = new InetSocketAddress(address, target.port());
                        servers.add(new ServerSettings(name, at, target.weight(), false));
                    }
                }
            }
            if (servers.isEmpty()) {
                throw new IllegalStateException(target.host() + ": no address");
            }
            return new Found(servers, ttl);
        });
    }

    /**
     * No record, where that is what was said: without a cause for an answer that has none, or NXDOMAIN. Silence and SERVFAIL
     * say nothing of the records, so half of the servers would go with one lost packet.
     */
    private static List<Line> none(Throwable error) {
        Throwable failure = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        Throwable cause = failure.getCause();
        boolean said = failure instanceof UnknownHostException
                && (cause == null
                        || (cause instanceof DnsErrorCauseException known
                                && known.getCode().equals(DnsResponseCode.NXDOMAIN)));
        if (said) {
            return List.of();
        }
        throw new CompletionException(failure);
    }

    private CompletionStage<List<Line>> query(String name, DnsRecordType type) {
        CompletableFuture<List<Line>> answer = new CompletableFuture<>();
        resolver.resolveAll(new DefaultDnsQuestion(name, type)).addListener(done -> {
            if (!done.isSuccess()) {
                answer.completeExceptionally(done.cause());
                return;
            }
            List<Line> lines = new ArrayList<>();
            @SuppressWarnings("unchecked")
            List<DnsRecord> records = (List<DnsRecord>) done.getNow();
            for (DnsRecord each : records) {
                try {
                    if (each.type().equals(type) && each instanceof DnsRawRecord raw) {
                        lines.add(line(raw));
                    }
                } catch (UnknownHostException | RuntimeException e) {
                    answer.completeExceptionally(e);
                } finally {
                    ReferenceCountUtil.release(each);
                }
            }
            answer.complete(lines);
        });
        return answer;
    }

    private static Line line(DnsRawRecord raw) throws UnknownHostException {
        ByteBuf data = raw.content();
        if (raw.type().equals(DnsRecordType.SRV)) {
            int priority = data.readUnsignedShort();
            int weight = Math.clamp(data.readUnsignedShort(), 1, 1_000);
            int port = data.readUnsignedShort();
            String host = DefaultDnsRecordDecoder.decodeName(data);
            return new Line(priority, new Target(host, port, weight, raw.timeToLive()), null);
        }
        byte[] bytes = new byte[data.readableBytes()];
        data.readBytes(bytes);
        return new Line(0, new Target(raw.name(), 0, 1, raw.timeToLive()), InetAddress.getByAddress(bytes));
    }

    @Override
    public void close() {
        resolver.close();
    }
}
