package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.log.Content;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.zip.CRC32C;

/** The fixed shards of a data folder and where a queue belongs. */
public final class Shards {
    /** How many a new data folder gets. */
    public static final int COUNT = 16;

    private final Shard[] shards;

    public Shards(int count) {
        this.shards = new Shard[count];
    }

    /** Set once each before anything is served. */
    public void set(Shard shard) {
        shards[shard.number()] = shard;
    }

    public int count() {
        return shards.length;
    }

    public Shard get(int number) {
        return shards[number];
    }

    /** The shard of a queue: it must never change, the messages are there. */
    public static int of(String vhost, String queue, int count) {
        CRC32C crc = new CRC32C();
        crc.update(vhost.getBytes(StandardCharsets.UTF_8));
        crc.update(0);
        crc.update(queue.getBytes(StandardCharsets.UTF_8));
        return (int) (crc.getValue() % count);
    }

    /** One publish per shard that has a target; the receipt is completed once by each. */
    public List<ShardCommand.Publish> split(
            Collection<QueueRef> targets, Content content, boolean persistent, Receipt receipt) {
        if (targets.size() == 1) {
            return List.of(new ShardCommand.Publish(List.copyOf(targets), content, persistent, receipt));
        }
        List<ShardCommand.Publish> publishes = new ArrayList<>();
        for (int shard = 0; shard < shards.length && !targets.isEmpty(); shard++) {
            int wanted = shard;
            List<QueueRef> here =
                    targets.stream().filter(queue -> queue.shard() == wanted).toList();
            if (!here.isEmpty()) {
                publishes.add(new ShardCommand.Publish(here, content, persistent, receipt));
            }
        }
        return publishes;
    }
}
