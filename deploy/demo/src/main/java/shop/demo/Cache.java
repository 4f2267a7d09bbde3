package shop.demo;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** The cache: a cluster when several nodes are named, a single server otherwise. */
final class Cache implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(3);
    private static final int PENDING_MAX = 10_000;
    private static final String FEED = "feed";

    private final ClientResources resources = DefaultClientResources.builder()
            .ioThreadPoolSize(2)
            .computationThreadPoolSize(2)
            .build();
    private final AbstractRedisClient client;
    private final StatefulConnection<String, String> connection;
    private final StatefulRedisPubSubConnection<String, String> subscription;

    Cache(String addresses) {
        List<RedisURI> uris = Arrays.stream(addresses.split(",", -1))
                .map(address -> {
                    RedisURI uri = RedisURI.create("redis://" + address.strip());
                    uri.setTimeout(TIMEOUT);
                    return uri;
                })
                .toList();
        if (uris.size() > 1) {
            RedisClusterClient cluster = RedisClusterClient.create(resources, uris);
            cluster.setOptions(ClusterClientOptions.builder()
                    .topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                            .enablePeriodicRefresh(Duration.ofSeconds(30))
                            .build())
                    .requestQueueSize(PENDING_MAX)
                    .build());
            client = cluster;
            connection = cluster.connect();
            subscription = cluster.connectPubSub();
        } else {
            RedisClient single = RedisClient.create(resources, uris.getFirst());
            single.setOptions(
                    ClientOptions.builder().requestQueueSize(PENDING_MAX).build());
            client = single;
            connection = single.connect();
            subscription = single.connectPubSub();
        }
    }

    RedisClusterCommands<String, String> commands() {
        return switch (connection) {
            case StatefulRedisClusterConnection<String, String> cluster -> cluster.sync();
            case StatefulRedisConnection<String, String> single -> single.sync();
            default -> throw new IllegalStateException("connection: " + connection);
        };
    }

    /** Tells every instance's live page. */
    void announce(String line) {
        commands().publish(FEED, line);
    }

    /** Hears what any instance announces; called on the client's thread. */
    void listen(Consumer<String> listener) {
        subscription.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(String channel, String message) {
                listener.accept(message);
            }
        });
        subscription.sync().subscribe(FEED);
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        resources.shutdown(0, 2, java.util.concurrent.TimeUnit.SECONDS);
    }
}
