package io.plinth.mqbroker.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.WriteBatch;

class DeparturesTest {
    private static final int QUEUES = 2;
    private static final int ROUNDS = 20;

    @TempDir
    Path folder;

    private final List<TreeMap<Long, Place>> live = List.of(new TreeMap<>(), new TreeMap<>());
    private long lastId;

    @Test
    void longRunsThatGoLeaveTheirNeighboursAlone() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        try (RocksIndex index = new RocksIndex(folder)) {
            QueuePages pages = new QueuePages(3, index);
            NetChange net = new NetChange(3, index, new Ledger(3));
            for (int round = 0; round < ROUNDS; round++) {
                come(net, random);
                written(index, net);
                go(net, random);
                come(net, random);
                written(index, net);
                for (int queue = 0; queue < QUEUES; queue++) {
                    assertThat(pages.read(queue, QueuePages.ANY, 1, lastId, Integer.MAX_VALUE)
                                    .rows())
                            .as("seed %d, round %d", seed, round)
                            .extracting(QueuePages.Row::id)
                            .containsExactlyElementsOf(live.get(queue).keySet());
                }
            }
        }
    }

    /** Long runs of one queue, and places where the ids of two queues, or of what is no message, mingle. */
    private void come(NetChange net, Random random) {
        for (int run = 0; run < 3; run++) {
            int queue = random.nextInt(QUEUES);
            boolean mingled = random.nextInt(3) == 0;
            for (int i = random.nextInt(3 * Departures.LONG); i >= 0; i--) {
                int to = mingled ? random.nextInt(QUEUES) : queue;
                lastId += mingled && random.nextInt(4) == 0 ? 2 : 1;
                Place place = new Place(
                        1L << 32 | lastId, Long.MAX_VALUE, 10, 10, random.nextInt(500) == 0 ? 1 : 0, null, 0, 0);
                net.stands(new NetChange.Key(to, lastId), place);
                live.get(to).put(lastId, place);
            }
        }
    }

    private void go(NetChange net, Random random) {
        for (int queue = 0; queue < QUEUES; queue++) {
            List<Long> going = new ArrayList<>(live.get(queue).keySet());
            going.removeIf(id -> random.nextInt(1000) == 0);
            if (random.nextBoolean()) {
                Collections.shuffle(going, random);
            }
            for (Long id : going.subList(0, going.size() - going.size() / 5)) {
                net.settled(
                        new NetChange.Key(queue, id),
                        Objects.requireNonNull(live.get(queue).remove(id)));
            }
        }
    }

    private static void written(RocksIndex index, NetChange net) throws Exception {
        try (WriteBatch batch = new WriteBatch()) {
            net.write(batch);
            index.write(batch);
        }
        net.written();
    }
}
