package io.plinth.kvcache.memcached;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CachePolicy;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.write.Durability;
import io.plinth.kvcache.session.turn.LoopShare;
import io.plinth.kvcache.session.turn.Together;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.testkit.LogWatcher;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What connections of one loop, which read into the same arrays and run together, do to one another: nothing. */
@Timeout(60)
class MemcachedHandlerTest {
    private static final String PIPELINE =
            "set a 5 0 3\r\nabc\r\nget a\r\nget a b\r\nset b 0 0 8 noreply\r\nb\r\nget a\r\n"
                    + "gets b\r\nget  b \r\n get b\r\nincr a 1\r\ndelete b\r\nget b\r\nmg a v\r\nset c 0 0 x\r\nmn\r\n";
    private static final String REPLIES = "STORED\r\n"
            + "VALUE a 5 3\r\n"
            + "abc\r\n"
            + "END\r\n"
            + "VALUE a 5 3\r\n"
            + "abc\r\n"
            + "END\r\n"
            + "VALUE b 0 8 #\r\n"
            + "b\r\n"
            + "get a\r\n"
            + "END\r\n"
            + "VALUE b 0 8\r\n"
            + "b\r\n"
            + "get a\r\n"
            + "END\r\n"
            + "VALUE b 0 8\r\n"
            + "b\r\n"
            + "get a\r\n"
            + "END\r\n"
            + "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
            + "DELETED\r\n"
            + "END\r\n"
            + "VA 3\r\n"
            + "abc\r\n"
            + "CLIENT_ERROR bad command line format\r\n"
            + "MN\r\n";

    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final LoopShare loop = new LoopShare(node.keyspace);
    private final Together together = loop.together(() -> {}, node.state.clock());
    private final CasNumbers numbers = new CasNumbers(node.now);
    private final Statistics statistics = new Statistics(node.now, 1);
    private final List<Connection> connections = new ArrayList<>();

    private final class Connection {
        private final EmbeddedChannel channel = new EmbeddedChannel(
                new MemcachedHandler(new Store(node.state, numbers), loop, together, statistics, 128 << 20));

        Connection() {
            connections.add(this);
        }

        /** Is read, as one of several in a turn of the loop. */
        void reads(String text) {
            channel.pipeline().fireChannelRead(Unpooled.copiedBuffer(text, ISO_8859_1));
        }

        /** What it was sent, but for CAS numbers. */
        String replies() {
            return String.join("", parts()).replaceAll("(VALUE b 0 8) \\d+", "$1 #");
        }

        /** What it was sent, by what was given to the socket at once. */
        List<String> parts() {
            List<String> parts = new ArrayList<>();
            for (ByteBuf reply = channel.readOutbound(); reply != null; reply = channel.readOutbound()) {
                parts.add(reply.toString(ISO_8859_1));
                reply.release();
            }
            return parts;
        }
    }

    /** The turn of the loop ends, which here has a queue of tasks for each connection. */
    private void turnEnds() {
        for (Connection each : connections) {
            each.channel.pipeline().fireChannelReadComplete();
        }
        for (int i = 0; i < 2; i++) {
            connections.forEach(each -> each.channel.runPendingTasks());
        }
    }

    @AfterEach
    void nothingIsHeld() {
        connections.forEach(each -> each.channel.finishAndReleaseAll());
        assertThat(node.state.memory().used()).isZero();
    }

    /** Something is written all the time, and not on disk before the test says so. */
    private static final class Syncing implements Durability {
        private final List<Runnable> waiting = new ArrayList<>();
        private long position;
        private boolean synced;

        void synced() {
            synced = true;
            waiting.forEach(Runnable::run);
        }

        @Override
        public long position() {
            return ++position;
        }

        @Override
        public boolean reached(long wanted) {
            return synced;
        }

        @Override
        public void whenReached(long wanted, Runnable then) {
            waiting.add(then);
        }

        @Override
        public @Nullable String refusal() {
            return null;
        }

        @Override
        public boolean fails() {
            return false;
        }
    }

    /** It takes nothing, as one whose disk is full. */
    private record Refusing() implements Durability {
        @Override
        public long position() {
            return 0;
        }

        @Override
        public boolean reached(long position) {
            return true;
        }

        @Override
        public void whenReached(long position, Runnable then) {
            then.run();
        }

        @Override
        public String refusal() {
            return "MISCONF full";
        }

        @Override
        public boolean fails() {
            return true;
        }
    }

    @Test
    void whatTheJournalDoesNotTakeIsNotAnsweredAsDone() {
        Connection one = new Connection();
        one.reads("set a 0 0 1\r\n1\r\n");
        turnEnds();
        assertThat(one.replies()).isEqualTo("STORED\r\n");
        node.keyspace.durability(new Refusing());
        for (String line : List.of(
                "incr a 1", "decr a 1", "delete a", "touch a 9", "gat 9 a", "flush_all", "md a", "ma a", "mg a v T9")) {
            one.reads(line + "\r\n");
            turnEnds();
            assertThat(one.replies()).as(line).isEqualTo("SERVER_ERROR MISCONF full\r\n");
        }
        one.reads("mg a v\r\n");
        turnEnds();
        assertThat(one.replies()).isEqualTo("VA 1\r\n1\r\n");
    }

    @Test
    void aPipelineCutAnywhereIsAnsweredAlike() {
        for (int cut = 0; cut <= PIPELINE.length(); cut++) {
            Connection one = new Connection();
            Connection other = new Connection();
            one.reads(PIPELINE.substring(0, cut));
            // What the loop's array is used for next.
            other.reads("get zzzzzzzzzzzzzzzzzzzzzzzzzz\r\n".repeat(16));
            if (cut % 2 == 0) {
                turnEnds();
                other.reads("set zz 0 0 600\r\n" + "z".repeat(600) + "\r\nget zz\r\n".repeat(1 + cut % 3));
            }
            one.reads(PIPELINE.substring(cut));
            turnEnds();
            assertThat(one.replies()).as("cut at %d", cut).isEqualTo(REPLIES);
            assertThat(other.channel.isOpen()).isTrue();
            connections.clear();
            one.channel.finishAndReleaseAll();
            other.channel.finishAndReleaseAll();
        }
    }

    @Test
    void byteByByteBesideOthersThatDoSoToo() {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(new Connection());
        }
        String sent = "set k# 1 0 2\r\n##\r\nget k#\r\n";
        for (int at = 0; at < sent.length(); at++) {
            for (int i = 0; i < all.size(); i++) {
                all.get(i).reads(sent.substring(at, at + 1).replace("#", Character.toString('a' + i)));
            }
            turnEnds();
        }
        for (int i = 0; i < all.size(); i++) {
            assertThat(all.get(i).replies())
                    .isEqualTo("STORED\r\nVALUE k# 1 2\r\n##\r\nEND\r\n".replace("#", Character.toString('a' + i)));
        }
    }

    @Test
    void whatWaitsForAScriptStaysWhatItIs() throws Exception {
        Connection waiting = new Connection();
        Connection other = new Connection();
        waiting.reads("set k 0 0 5\r\nright\r\n");
        turnEnds();
        assertThat(waiting.replies()).isEqualTo("STORED\r\n");
        CountDownLatch over = new CountDownLatch(1);
        try (ExecutorService script = Executors.newSingleThreadExecutor()) {
            CountDownLatch held = new CountDownLatch(1);
            Future<?> ended = script.submit(() -> {
                node.keyspace.turn().await();
                node.keyspace.each(segment -> {
                    if (segment.equals(node.keyspace.segment(slot()))) {
                        node.keyspace.turn().lengthy();
                        held.countDown();
                        await(over);
                    }
                });
                node.keyspace.turn().give();
            });
            held.await();
            // Together, and at once behind it.
            waiting.reads("get k\r\nappend k 0 0 1\r\n!\r\nget k\r\n");
            other.reads("mn\r\n".repeat(8));
            turnEnds();
            waiting.reads("get k k\r\n");
            other.reads("mn\r\n".repeat(2 * ReadBuffers.SMALL));
            other.reads("mn\r\n".repeat(8));
            turnEnds();
            assertThat(other.replies()).hasSize(4 * (16 + 2 * ReadBuffers.SMALL));
            assertThat(waiting.replies()).isEmpty();
            over.countDown();
            ended.get();
        }
        StringBuilder replies = new StringBuilder();
        while (replies.toString().split("END\r\n", -1).length < 4) {
            waiting.channel.runScheduledPendingTasks();
            waiting.channel.runPendingTasks();
            replies.append(waiting.replies());
            TimeUnit.MILLISECONDS.sleep(1);
        }
        String right = "VALUE k 0 6\r\nright!\r\n";
        assertThat(replies.toString())
                .isEqualTo("VALUE k 0 5\r\nright\r\nEND\r\nSTORED\r\n" + right + "END\r\n" + right + right + "END\r\n");
    }

    private static int slot() {
        return io.plinth.kvcache.keyspace.Slots.of("k".getBytes(ISO_8859_1), 0, 1);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoSendsNoMoreIsAnsweredAndThenDisconnected() {
        Connection one = new Connection();
        one.reads("set k 0 0 1\r\nx\r\nget k\r\nget");
        one.channel.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        assertThat(one.replies()).isEqualTo("STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n");
        assertThat(one.channel.isOpen()).isFalse();
    }

    /** A browser's request to another site's idea of a host: what follows its header may be commands. */
    @Test
    void whoSpeaksHttpIsDisconnected() {
        Connection browser = new Connection();
        browser.reads("POST /x HTTP/1.1\r\nHost: cache\r\n\r\nset k 0 0 1\r\nx\r\n");
        turnEnds();
        assertThat(browser.replies()).isEmpty();
        assertThat(browser.channel.isOpen()).isFalse();
        Connection asks = new Connection();
        asks.reads("get k HTTP/1.1\r\n");
        turnEnds();
        assertThat(asks.replies()).isEqualTo("END\r\n");
        assertThat(asks.channel.isOpen()).isTrue();
    }

    @Test
    void whatCameBeforeAResetIsRun() {
        Connection reset = new Connection();
        Connection closed = new Connection();
        reset.reads("set a 0 0 1 noreply\r\nx\r\n");
        closed.reads("set b 0 0 1 noreply\r\ny\r\n");
        reset.channel.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
        closed.channel.close();
        Connection asks = new Connection();
        asks.reads("get a b\r\n");
        turnEnds();
        assertThat(asks.replies()).isEqualTo("VALUE a 0 1\r\nx\r\nVALUE b 0 1\r\ny\r\nEND\r\n");
    }

    /** What waits for the disk goes on by itself: nobody else hears of its error. */
    @Test
    void anErrorInWhatWaitedClosesTheConnection(LogWatcher.Expected log) {
        log.expect("closed by an unexpected error");
        Syncing disk = new Syncing();
        node.keyspace.durability(disk);
        Connection one = new Connection();
        one.reads("set k 0 0 1\r\nx\r\n");
        turnEnds();
        one.reads("set k 0 0 1\r\ny\r\n");
        turnEnds();
        assertThat(one.replies()).isEmpty();
        node.settings.cachePolicy(new CachePolicy() {
            @Override
            public boolean handsOn(int db, byte[] key) {
                throw new IllegalStateException("on purpose");
            }
        });
        disk.synced();
        turnEnds();
        assertThat(one.channel.isOpen()).isFalse();
    }

    @Test
    void theValuesOfManyKeysAreSentInParts() {
        Connection one = new Connection();
        String value = "0123456789".repeat(6_000);
        StringBuilder values = new StringBuilder();
        StringBuilder keys = new StringBuilder();
        for (int i = 0; i < 10; i++) {
            one.reads("set k" + i + " 0 0 60000 noreply\r\n" + value + "\r\n");
            keys.append(i == 5 ? "   k" : " k").append(i);
            values.append("VALUE k")
                    .append(i)
                    .append(" 0 60000\r\n")
                    .append(value)
                    .append("\r\n");
        }
        turnEnds();
        String tooLong = " " + "z".repeat(251);
        for (String name : List.of("get", "gat 0")) {
            one.reads(name + keys + "\r\nget" + keys + tooLong + "\r\nget k0\r\n" + name + " none\r\n");
            turnEnds();
            List<String> parts = one.parts();
            assertThat(parts)
                    .hasSizeGreaterThan(4)
                    .allSatisfy(part -> assertThat(part).hasSizeLessThan(Replies.CHUNK + value.length() + 100));
            assertThat(String.join("", parts))
                    .isEqualTo(values + "END\r\nCLIENT_ERROR bad command line format\r\nVALUE k0 0 60000\r\n" + value
                            + "\r\nEND\r\nEND\r\n");
        }
    }

    @Test
    void aLineMayHaveManyKeysAndNothingElse() {
        Connection one = new Connection();
        one.reads("set k 0 0 1\r\nx\r\n");
        String keys = (" " + "n".repeat(240)).repeat(1_000) + " k";
        for (String name : List.of("get", "gets")) {
            String sent = name + keys + "\r\nmn\r\n";
            for (int at = 0; at < sent.length(); at += 10_000) {
                one.reads(sent.substring(at, Math.min(sent.length(), at + 10_000)));
            }
        }
        turnEnds();
        assertThat(one.replies().replaceAll("k 0 1 \\d+", "k 0 1 #"))
                .isEqualTo("STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\nMN\r\nVALUE k 0 1 #\r\nx\r\nEND\r\nMN\r\n");
        Connection other = new Connection();
        other.reads("gat 0" + keys);
        turnEnds();
        assertThat(other.replies()).isEqualTo("CLIENT_ERROR line too long\r\n");
        assertThat(other.channel.isOpen()).isFalse();
    }

    @Test
    void largeValuesComeInPiecesOfAnySize() {
        Connection one = new Connection();
        Connection other = new Connection();
        String value = "0123456789".repeat(6_000);
        String sent = ("set k 0 0 60000\r\n" + value + "\r\nget k\r\nmn\r\n").repeat(3);
        for (int piece :
                new int[] {511, 512, 513, ReadBuffers.SIZE - 1, ReadBuffers.SIZE, ReadBuffers.SIZE + 1, 250_000}) {
            for (int at = 0; at < sent.length(); at += piece) {
                one.reads(sent.substring(at, Math.min(sent.length(), at + piece)));
                other.reads("get " + "z".repeat(240) + "\r\nmn\r\n".repeat(at % 3 * 100 + 1));
            }
            turnEnds();
            assertThat(one.replies())
                    .as("pieces of %d", piece)
                    .isEqualTo(("STORED\r\nVALUE k 0 60000\r\n" + value + "\r\nEND\r\nMN\r\n").repeat(3));
            other.replies();
        }
    }
}
