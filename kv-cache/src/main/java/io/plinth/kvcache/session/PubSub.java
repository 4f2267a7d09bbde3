package io.plinth.kvcache.session;

import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.wire.OutputLimitException;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * Shared by all loops: who listens to which channel. A subscription is changed on its client's loop; a message is written on
 * the loop of each client that gets it.
 */
public final class PubSub {
    private static final byte[] MESSAGE = ascii("message");
    private static final byte[] PATTERN_MESSAGE = ascii("pmessage");
    private static final byte[] SHARD_MESSAGE = ascii("smessage");
    /** What a message that waits costs besides its bytes. */
    private static final int OVERHEAD = 64;

    private final ConcurrentMap<Channel, Client[]> channels = new ConcurrentHashMap<>();
    private final ConcurrentMap<Channel, Client[]> shardChannels = new ConcurrentHashMap<>();
    private final ConcurrentMap<Channel, Pattern> patterns = new ConcurrentHashMap<>();
    private final BufferLimits limits;

    /** {@code limits}: of bytes that may wait for a subscriber that does not read; then it is closed. */
    public PubSub(BufferLimits limits) {
        this.limits = limits;
    }

    private record Pattern(Glob glob, Client[] clients) {}

    /** SUBSCRIBE; answers whether it is new. */
    public boolean subscribe(Client client, Channel channel) {
        return client.channels().add(channel) && add(channels, client, channel);
    }

    /** SSUBSCRIBE; answers whether it is new. */
    public boolean subscribeShard(Client client, Channel channel) {
        return client.shardChannels().add(channel) && add(shardChannels, client, channel);
    }

    /** PSUBSCRIBE; answers whether it is new. */
    public boolean subscribePattern(Client client, Channel pattern) {
        if (!client.patterns().add(pattern)) {
            return false;
        }
        patterns.compute(
                pattern,
                (key, old) -> old == null
                        ? new Pattern(new Glob(key.bytes()), new Client[] {client})
                        : new Pattern(old.glob, with(old.clients, client)));
        return true;
    }

    /** UNSUBSCRIBE. */
    public void unsubscribe(Client client, Channel channel) {
        if (client.channels().remove(channel)) {
            channels.computeIfPresent(channel, (key, old) -> without(old, client));
        }
    }

    /** SUNSUBSCRIBE. */
    public void unsubscribeShard(Client client, Channel channel) {
        if (client.shardChannels().remove(channel)) {
            shardChannels.computeIfPresent(channel, (key, old) -> without(old, client));
        }
    }

    /** PUNSUBSCRIBE. */
    public void unsubscribePattern(Client client, Channel pattern) {
        if (client.patterns().remove(pattern)) {
            patterns.computeIfPresent(pattern, (key, old) -> {
                Client[] rest = without(old.clients, client);
                return rest == null ? null : new Pattern(old.glob, rest);
            });
        }
    }

    /** Everything the client listens to. */
    public void unsubscribeAll(Client client) {
        List.copyOf(client.channels()).forEach(channel -> unsubscribe(client, channel));
        List.copyOf(client.patterns()).forEach(pattern -> unsubscribePattern(client, pattern));
        List.copyOf(client.shardChannels()).forEach(channel -> unsubscribeShard(client, channel));
    }

    /** PUBLISH on this node; answers how many clients get it. */
    public int publish(byte[] channel, byte[] message) {
        int receivers = 0;
        Channel name = new Channel(channel);
        Client[] direct = channels.get(name);
        if (direct != null) {
            for (Client client : direct) {
                deliver(client, MESSAGE, name, channel, message);
            }
            receivers = direct.length;
        }
        for (Map.Entry<Channel, Pattern> entry : patterns.entrySet()) {
            if (entry.getValue().glob.matches(channel)) {
                for (Client client : entry.getValue().clients) {
                    deliver(client, PATTERN_MESSAGE, entry.getKey(), channel, message);
                    receivers++;
                }
            }
        }
        return receivers;
    }

    /** SPUBLISH; answers how many clients get it. */
    public int publishShard(byte[] channel, byte[] message) {
        Channel name = new Channel(channel);
        Client[] direct = shardChannels.get(name);
        if (direct == null) {
            return 0;
        }
        for (Client client : direct) {
            deliver(client, SHARD_MESSAGE, name, channel, message);
        }
        return direct.length;
    }

    /** {@code by}: the channel or pattern that it listens to. */
    private void deliver(Client client, byte[] kind, Channel by, byte[] channel, byte[] message) {
        client.outlet().run(() -> {
            if (client.closing() || limits.cuts(client, message.length)) {
                return;
            }
            int bytes = message.length + channel.length + OVERHEAD;
            client.message(bytes, () -> write(client, kind, by, channel, message));
        });
    }

    private static Set<Channel> listened(Client client, byte[] kind) {
        return Arrays.equals(kind, MESSAGE)
                ? client.channels()
                : Arrays.equals(kind, PATTERN_MESSAGE) ? client.patterns() : client.shardChannels();
    }

    private static void write(Client client, byte[] kind, Channel by, byte[] channel, byte[] message) {
        // It came from another loop: who was told meanwhile that it listens no more would take it for a reply.
        if (client.closing() || !listened(client, kind).contains(by)) {
            return;
        }
        byte @Nullable [] pattern = Arrays.equals(kind, PATTERN_MESSAGE) ? by.bytes() : null;
        ReplyWriter out = client.out();
        int mark = out.size();
        try {
            out.push(pattern == null ? 3 : 4);
            out.bulk(kind);
            if (pattern != null) {
                out.bulk(pattern);
            }
            out.bulk(channel);
            out.bulk(message);
        } catch (OutputLimitException e) {
            out.rewind(mark);
            client.abort();
        }
        client.outlet().written();
    }

    /** Channels that somebody listens to. */
    public List<Channel> channels() {
        return List.copyOf(channels.keySet());
    }

    /** Shard channels that somebody listens to. */
    public List<Channel> shardChannels() {
        return List.copyOf(shardChannels.keySet());
    }

    /** How many listen to a channel. */
    public int listeners(Channel channel) {
        Client[] clients = channels.get(channel);
        return clients == null ? 0 : clients.length;
    }

    /** How many listen to a shard channel. */
    public int shardListeners(Channel channel) {
        Client[] clients = shardChannels.get(channel);
        return clients == null ? 0 : clients.length;
    }

    /** How many different patterns there are. */
    public int patterns() {
        return patterns.size();
    }

    private static boolean add(ConcurrentMap<Channel, Client[]> map, Client client, Channel channel) {
        map.compute(channel, (key, old) -> old == null ? new Client[] {client} : with(old, client));
        return true;
    }

    private static Client[] with(Client[] old, Client client) {
        Client[] next = Arrays.copyOf(old, old.length + 1);
        next[old.length] = client;
        return next;
    }

    private static Client @Nullable [] without(Client[] old, Client client) {
        Client[] next =
                Arrays.stream(old).filter(other -> other.id() != client.id()).toArray(Client[]::new);
        return next.length == 0 ? null : next;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
