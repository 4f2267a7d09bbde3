package io.plinth.mqbroker.session;

import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.ShardEvent;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Who waits for replies without a queue, by the token in the reply-to address; any thread. A reply goes straight to the connection that
 * asked, and is dropped where that reads too slowly: nothing is kept for it.
 */
public final class DirectReplies {
    /** The name to consume from, and to ask for replies to. */
    static final String QUEUE = "amq.rabbitmq.reply-to";

    private static final String ADDRESS = QUEUE + ".";

    private record Requester(Connection connection, ChannelHandle channel, String consumerTag) {}

    private final Map<String, Requester> byAddress = new ConcurrentHashMap<>();

    /** Opens an address for a consumer of a channel. */
    String open(Connection connection, ChannelHandle channel, String consumerTag) {
        String address = connection.broker().newName(ADDRESS);
        byAddress.put(address, new Requester(connection, channel, consumerTag));
        return address;
    }

    void close(String address) {
        byAddress.remove(address);
    }

    static boolean isAddress(String name) {
        return name.startsWith(ADDRESS);
    }

    boolean knows(String address) {
        return byAddress.containsKey(address);
    }

    /** Sends a reply; false where nobody waits for it any more. */
    boolean send(String address, Content reply) {
        Requester to = byAddress.get(address);
        if (to == null) {
            return false;
        }
        if (to.connection().window().tryTake(reply.size())) {
            ShardEvent delivered =
                    new ShardEvent.Delivered(to.channel(), to.consumerTag(), true, 0, 0, 0, false, reply);
            to.connection().accept(List.of(delivered), 0);
        }
        return true;
    }
}
