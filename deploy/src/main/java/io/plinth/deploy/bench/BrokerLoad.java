package io.plinth.deploy.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.Promise;
import io.plinth.mqbroker.wire.BasicMethod;
import io.plinth.mqbroker.wire.ConfirmMethod;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.Method;
import io.plinth.mqbroker.wire.QueueMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * Loads a broker, in a process of its own: pairs of a publisher and a consumer, each with a queue and so many messages on their way at
 * once. With a rate messages are published when they are due, whether or not earlier ones have arrived, and measured from then.
 *
 * <p>Arguments: port, kind, seconds, messages a second (0: as fast as they arrive), messages or connections. Prints {@code RESULT
 * microseconds messages p50 p99 errors}, where the percentiles are of arriving at the consumer, or of the confirm where there is one.
 */
public final class BrokerLoad {
    /** What is done. */
    enum Kind {
        /** 100 octets a message, not kept; no confirm, no acknowledgement. */
        TRANSIENT(100),
        /** 1 KiB a message on disk, confirmed, and acknowledged a hundred at a time. */
        PERSISTENT(1024),
        /** So many messages of 100 octets are left waiting in a durable queue. */
        FILL(100),
        /** And are taken out. */
        DRAIN(100),
        /** So many connections, a channel each, do nothing. */
        IDLE(0);

        final int body;

        Kind(int body) {
            this.body = body;
        }

        boolean durable() {
            return this != TRANSIENT;
        }
    }

    private static final int PAIRS = 2;
    private static final int PREFETCH = 1000;
    private static final int HEARTBEAT = 60;
    private static final int PATIENCE_SECONDS = 60;
    private static final long LONGEST_MICROS = TimeUnit.MINUTES.toMicros(1);

    private final Kind kind;
    private final int port;
    private final EventLoopGroup loop;
    private final Histogram latency = new Histogram(LONGEST_MICROS, 3);

    private BrokerLoad(Kind kind, int port, EventLoopGroup loop) {
        this.kind = kind;
        this.port = port;
        this.loop = loop;
    }

    public static void main(String[] arguments) throws Exception {
        int seconds = Integer.parseInt(arguments[2]);
        long rate = Long.parseLong(arguments[3]);
        long count = Long.parseLong(arguments[4]);
        try (EventLoopGroup loop = new MultiThreadIoEventLoopGroup(
                1, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory())) {
            BrokerLoad load = new BrokerLoad(Kind.valueOf(arguments[1]), Integer.parseInt(arguments[0]), loop);
            if (load.kind == Kind.IDLE) {
                load.idle(Math.toIntExact(count), seconds);
            } else {
                load.run(seconds, rate, count);
            }
        }
    }

    private void run(int seconds, long rate, long count) throws Exception {
        List<AmqpConnection> connections = new ArrayList<>();
        List<MessageFlow> flows = new ArrayList<>();
        int pairs = count > 0 ? 1 : PAIRS;
        for (int i = 0; i < pairs; i++) {
            String queue = "bench-" + kind.durable() + "-" + (count > 0 ? "backlog" : i);
            MessageFlow flow = new MessageFlow(kind, queue, latency);
            if (kind != Kind.DRAIN) {
                AmqpConnection publisher = connect(publisher(queue), 0);
                flow.publishTo(publisher);
                connections.add(publisher);
            }
            if (kind != Kind.FILL) {
                AmqpConnection consumer = connect(consumer(queue), 0);
                // Only now: what is delivered before somebody listens would be missed.
                flow.consumeFrom(consumer, consume(queue));
                connections.add(consumer);
            }
            flows.add(flow);
        }
        long begun = System.nanoTime();
        List<Promise<Void>> ends = new ArrayList<>();
        for (MessageFlow flow : flows) {
            Promise<Void> end = loop.next().newPromise();
            ends.add(end);
            loop.execute(() -> flow.begin(begun, TimeUnit.SECONDS.toNanos(seconds), rate / pairs, count, end));
        }
        long most = count > 0 ? TimeUnit.HOURS.toSeconds(1) : seconds + PATIENCE_SECONDS;
        for (Promise<Void> end : ends) {
            if (end.await(most, TimeUnit.SECONDS)) {
                end.sync();
            }
        }
        long took = System.nanoTime() - begun;
        long done = 0;
        long lost = 0;
        for (MessageFlow flow : flows) {
            done += flow.done();
            lost += flow.missing();
        }
        for (AmqpConnection connection : connections) {
            connection.close();
            connection.context().channel().closeFuture().await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        print(took, done, lost);
    }

    private void idle(int count, int seconds) throws Exception {
        List<AmqpConnection> connections = new ArrayList<>();
        long begun = System.nanoTime();
        for (int i = 0; i < count; i++) {
            long asked = System.nanoTime();
            connections.add(connect(List.of(), HEARTBEAT));
            latency.recordValue((System.nanoTime() - asked) / 1000);
        }
        TimeUnit.SECONDS.sleep(seconds);
        long lost = connections.stream()
                .filter(connection -> !connection.context().channel().isActive())
                .count();
        print(System.nanoTime() - begun, count, lost);
    }

    private void print(long tookNanos, long done, long lost) {
        System.out.printf(
                "RESULT %d %d %d %d missing=%d%n",
                tookNanos / 1000, done, latency.getValueAtPercentile(50), latency.getValueAtPercentile(99), lost);
    }

    private AmqpConnection connect(List<Method> setup, int heartbeat) throws InterruptedException {
        Promise<AmqpConnection> ready = loop.next().newPromise();
        new Bootstrap()
                .group(loop)
                .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new AmqpConnection(setup, heartbeat, ready));
                    }
                })
                .connect("127.0.0.1", port)
                .sync();
        return ready.sync().getNow();
    }

    private Method declare(String queue) {
        return new QueueMethod.Declare(0, queue, false, kind.durable(), false, false, false, FieldTable.EMPTY);
    }

    private List<Method> publisher(String queue) {
        return kind.durable() ? List.of(declare(queue), new ConfirmMethod.Select(false)) : List.of(declare(queue));
    }

    private List<Method> consumer(String queue) {
        return List.of(declare(queue), new BasicMethod.Qos(0, PREFETCH, false));
    }

    private Method consume(String queue) {
        return new BasicMethod.Consume(0, queue, "bench", false, !kind.durable(), false, false, FieldTable.EMPTY);
    }
}
