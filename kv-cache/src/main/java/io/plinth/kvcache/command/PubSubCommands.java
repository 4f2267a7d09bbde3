package io.plinth.kvcache.command;

import static io.plinth.kvcache.command.Command.Flag.CHANNELS;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.PUBSUB;
import static io.plinth.kvcache.command.Command.Flag.STALE;
import static io.plinth.kvcache.command.Command.Flag.WHILE_SUBSCRIBED;

import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.session.Channel;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.PubSub;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** Channels, patterns and shard channels. */
public final class PubSubCommands {
    /** How a node hands a message to another node of its cluster; not for clients. */
    public static final String PRIVATE_PUBLISH = "plinth.publish";

    private static final int MAX_SUBSCRIPTIONS = 100_000;
    private static final int[] CHANNEL = {1, 1, 1};
    private static final int[] SEVERAL = {1, -1, 1};

    private PubSubCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int listen = NOSCRIPT | LOADING | STALE | WHILE_SUBSCRIBED;
        int publish = LOADING | STALE | FAST;
        to.group("pubsub", PUBSUB);
        to.add("subscribe", -2, listen, "Listens to channels.", PubSubCommands::subscribe);
        to.add("psubscribe", -2, listen, "Listens to patterns.", PubSubCommands::psubscribe);
        to.add("ssubscribe", -2, listen | CHANNELS, SEVERAL, "Listens to shard channels.", PubSubCommands::ssubscribe);
        to.add("unsubscribe", -1, listen, "Stops listening to channels.", PubSubCommands::unsubscribe);
        to.add("punsubscribe", -1, listen, "Stops listening to patterns.", PubSubCommands::punsubscribe);
        to.add(
                "sunsubscribe",
                -1,
                listen | CHANNELS,
                SEVERAL,
                "Stops listening to shard channels.",
                PubSubCommands::sunsubscribe);
        to.add("publish", 3, publish, "Sends a message.", PubSubCommands::publish);
        to.add(
                "spublish",
                3,
                publish | CHANNELS,
                CHANNEL,
                "Sends a message to a shard channel.",
                PubSubCommands::spublish);
        to.add(PRIVATE_PUBLISH, 3, publish, "Sends a message of another node.", PubSubCommands::publishHere);
        to.add("pubsub", -2, LOADING | STALE, "Shows who listens.", PubSubCommands::pubsub);
        to.subcommands("pubsub", "channels -2", "numpat 2", "numsub -2", "shardchannels -2", "shardnumsub -2");
    }

    private static void listen(
            Call call, String kind, BiConsumer<Client, Channel> change, ToIntFunction<Client> count) {
        Client client = call.client();
        for (int i = 1; i < call.count(); i++) {
            if (client.subscriptions() + client.shardChannels().size() >= MAX_SUBSCRIPTIONS) {
                throw new CommandException("ERR too many subscriptions (expected: at most " + MAX_SUBSCRIPTIONS + ")");
            }
            Channel channel = new Channel(call.bytes(i));
            change.accept(client, channel);
            acknowledge(client, kind, channel.bytes(), count.applyAsInt(client));
        }
    }

    private static void unlisten(
            Call call,
            String kind,
            java.util.Set<Channel> all,
            BiConsumer<Client, Channel> change,
            ToIntFunction<Client> count) {
        Client client = call.client();
        List<Channel> leaving = new ArrayList<>();
        for (int i = 1; i < call.count(); i++) {
            leaving.add(new Channel(call.bytes(i)));
        }
        if (call.count() == 1) {
            leaving.addAll(all);
        }
        for (Channel channel : leaving) {
            change.accept(client, channel);
            acknowledge(client, kind, channel.bytes(), count.applyAsInt(client));
        }
        if (leaving.isEmpty()) {
            acknowledge(client, kind, null, count.applyAsInt(client));
        }
    }

    private static void acknowledge(Client client, String kind, byte @Nullable [] channel, int count) {
        ReplyWriter out = client.out();
        out.push(3);
        out.bulk(kind);
        out.bulkOrNull(channel);
        out.integer(count);
    }

    private static void subscribe(Call call) {
        listen(call, "subscribe", call.node().pubSub()::subscribe, Client::subscriptions);
    }

    private static void psubscribe(Call call) {
        listen(call, "psubscribe", call.node().pubSub()::subscribePattern, Client::subscriptions);
    }

    private static void ssubscribe(Call call) {
        if (!call.mayBlock()) {
            throw new CommandException("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
        }
        listen(call, "ssubscribe", call.node().pubSub()::subscribeShard, PubSubCommands::shardCount);
    }

    private static void unsubscribe(Call call) {
        PubSub pubSub = call.node().pubSub();
        unlisten(call, "unsubscribe", call.client().channels(), pubSub::unsubscribe, Client::subscriptions);
    }

    private static void punsubscribe(Call call) {
        PubSub pubSub = call.node().pubSub();
        unlisten(call, "punsubscribe", call.client().patterns(), pubSub::unsubscribePattern, Client::subscriptions);
    }

    private static void sunsubscribe(Call call) {
        PubSub pubSub = call.node().pubSub();
        unlisten(
                call,
                "sunsubscribe",
                call.client().shardChannels(),
                pubSub::unsubscribeShard,
                PubSubCommands::shardCount);
    }

    private static int shardCount(Client client) {
        return client.shardChannels().size();
    }

    private static void publish(Call call) {
        byte[] channel = call.bytes(1);
        byte[] message = call.bytes(2);
        int receivers = call.node().pubSub().publish(channel, message);
        call.node().peers().publish(channel, message);
        call.out().integer(receivers);
    }

    private static void publishHere(Call call) {
        call.out().integer(call.node().pubSub().publish(call.bytes(1), call.bytes(2)));
    }

    private static void spublish(Call call) {
        call.out().integer(call.node().pubSub().publishShard(call.bytes(1), call.bytes(2)));
    }

    private static void pubsub(Call call) {
        PubSub pubSub = call.node().pubSub();
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "CHANNELS" -> channels(call, pubSub.channels());
            case "SHARDCHANNELS" -> channels(call, pubSub.shardChannels());
            case "NUMSUB" -> counts(call, pubSub::listeners);
            case "SHARDNUMSUB" -> counts(call, pubSub::shardListeners);
            case "NUMPAT" -> call.out().integer(pubSub.patterns());
            case "HELP" -> Help.write(call);
            default -> throw CommandException.subcommand(call.text(1), "PUBSUB");
        }
    }

    private static void channels(Call call, List<Channel> all) {
        if (call.count() > 3) {
            throw CommandException.form(call.text(1), "PUBSUB");
        }
        Glob glob = call.count() == 3 ? new Glob(call.bytes(2)) : null;
        List<Channel> shown = all.stream()
                .filter(channel -> glob == null || glob.matches(channel.bytes()))
                .toList();
        call.out().array(shown.size());
        shown.forEach(channel -> call.out().bulk(channel.bytes()));
    }

    private static void counts(Call call, ToIntFunction<Channel> count) {
        call.out().array(2L * (call.count() - 2));
        for (int i = 2; i < call.count(); i++) {
            byte[] channel = call.bytes(i);
            call.out().bulk(channel);
            call.out().integer(count.applyAsInt(new Channel(channel)));
        }
    }
}
