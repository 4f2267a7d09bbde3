package io.plinth.kvcache.memcached;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What flush_all empties where databases are exchanged before it has done so: the one that was database 0, and no other. */
@Timeout(60)
class LateFlushTest {
    private static final int KEYS = 2_000;
    private static final int HELD = 7;

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection redis = node.connect();
    private final Store store = new Store(node.state, new CasNumbers(node.now));

    @BeforeEach
    void bothAreFull() {
        for (String database : new String[] {"1", "0"}) {
            redis.run("SELECT " + database);
            for (int i = 0; i < KEYS; i++) {
                redis.run("SET a" + i + " v");
            }
        }
    }

    private void onlyTheFirstIsEmpty() {
        assertThat(redis.run("SELECT 1") + redis.run("DBSIZE")).isEqualTo("+OK|:0|");
        assertThat(redis.run("SELECT 0") + redis.run("DBSIZE")).isEqualTo("+OK|:" + KEYS + "|");
    }

    @Test
    void anExchangeBetweenTwoStepsMovesNoFlush() throws Exception {
        Statistics statistics = new Statistics(node.now, 1);
        LateFlush late = new LateFlush(store, statistics);
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        Thread script = new Thread(() -> {
            node.keyspace.turn().take();
            node.keyspace.at(HELD).lock();
            node.keyspace.turn().lengthy();
            held.countDown();
            try {
                over.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            node.keyspace.at(HELD).unlock();
            node.keyspace.turn().give();
        });
        script.start();
        try {
            held.await();
            statistics.planFlush(node.now + 1);
            late.tick(node.now + 1);
        } finally {
            over.countDown();
            script.join();
        }
        exchange();
        late.tick(node.now + 2);
        onlyTheFirstIsEmpty();
    }

    @Test
    void anExchangeWhileOneRunsMovesNoFlush() throws Exception {
        Segment held = node.keyspace.at(HELD);
        Thread flush = new Thread(store::flush);
        held.lock();
        try {
            flush.start();
            while (keys(HELD - 1) > 0) {
                Thread.onSpinWait();
            }
            exchange();
        } finally {
            held.unlock();
            flush.join();
        }
        onlyTheFirstIsEmpty();
    }

    /** As a script does, which waits for no flush. */
    private void exchange() {
        SegmentSet all = new SegmentSet();
        all.addAll();
        all.lock(node.keyspace);
        try {
            node.keyspace.exchange(0, 1, node.now);
        } finally {
            all.unlock(node.keyspace);
        }
    }

    private int keys(int index) {
        Segment segment = node.keyspace.at(index);
        segment.lock();
        try {
            return segment.counted().database(0);
        } finally {
            segment.unlock();
        }
    }
}
