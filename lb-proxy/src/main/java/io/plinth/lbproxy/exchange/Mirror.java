package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.upstream.Ending;
import io.plinth.lbproxy.upstream.LoopPool;
import io.plinth.lbproxy.upstream.Pick;
import io.plinth.lbproxy.upstream.Refusal;
import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.upstream.UpstreamUser;
import io.plinth.lbproxy.wire.http1.BodyDecoder;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a request to another pool, whose answer is read and thrown away. It is sent once the request has come whole, so
 * that it costs the request nothing but a copy of its bytes, and is given up when these are too many, or when it is late.
 * Owned by the event loop of the request.
 */
final class Mirror implements UpstreamUser {
    private final Worker worker;
    private final ProxySettings settings;
    private final LoopPool pool;
    private final Pick pick = new Pick();
    private final ByteBuf copy = PooledByteBufAllocator.DEFAULT.directBuffer();
    private final boolean toHead;
    private int room;
    private long deadline;
    private long sentAt;
    private @Nullable ResponseHead head;
    private @Nullable HeadParser parser;
    private final Framing framing = new Framing();
    private @Nullable BodyDecoder body;
    private @Nullable UpstreamConnection connection;
    private boolean acquiring;
    private boolean over;

    private Mirror(RouteTarget.Mirror to, RequestRelay request, ForwardedHeaders client, Worker worker) {
        this.worker = worker;
        settings = worker.snapshot().settings();
        pool = to.destination().pool().loop(worker.index());
        toHead = request.isHead();
        room = to.maxBytes();
        Attempts.ask(pick, to.destination().pool(), request.head(), client.address());
        pick.between(client.remote(), client.local());
    }

    /** The copy that a request's route asks for; null for none. */
    static @Nullable Mirror of(RouteTarget route, RequestRelay request, ForwardedHeaders client, Worker worker) {
        RouteTarget.Mirror to = route.mirror();
        if (to == null || request.asksUpgrade() || worker.random().nextInt(100) >= to.percent()) {
            return null;
        }
        if (request.declaredLength() > to.maxBytes() || worker.mirrors() >= to.underWay()) {
            worker.counts().add(Worker.NOT_MIRRORED, 1);
            return null;
        }
        Mirror mirror = new Mirror(to, request, client, worker);
        worker.add(mirror);
        return mirror;
    }

    /** Copies what goes to the server: the head, which is as large as it is, then pieces of the body. */
    void add(ByteBuf bytes) {
        if (over) {
            return;
        }
        int count = bytes.readableBytes();
        room -= copy.isReadable() ? count : 0;
        if (room < 0) {
            worker.counts().add(Worker.NOT_MIRRORED, 1);
            drop();
        } else {
            copy.writeBytes(bytes, bytes.readerIndex(), count);
        }
    }

    /** Whether it has the head. */
    boolean begun() {
        return over || copy.isReadable();
    }

    /** The request is whole: on its way. */
    void send() {
        if (!over) {
            worker.counts().add(Worker.MIRRORED, 1);
            deadline = worker.coarseNow()
                    + settings.timeouts().queue()
                    + settings.timeouts().response();
            acquiring = true;
            pool.acquire(this);
        }
    }

    /** Gives it up. */
    void drop() {
        if (over) {
            return;
        }
        UpstreamConnection current = connection;
        connection = null;
        if (current != null && acquiring) {
            current.abandon();
        } else if (current != null) {
            current.discard();
        } else if (acquiring) {
            pool.cancel(this);
        }
        end();
    }

    private void end() {
        over = true;
        copy.release();
        worker.remove(this);
    }

    /** Whether it is late and was given up; asked a few times a second. */
    void tick(long now) {
        if (deadline != 0 && now - deadline >= 0) {
            drop();
        }
    }

    @Override
    public Pick pick() {
        return pick;
    }

    @Override
    public void connecting(UpstreamConnection to) {
        connection = to;
    }

    @Override
    public void connected(UpstreamConnection to) {
        acquiring = false;
        connection = to;
        sentAt = worker.now();
        ResponseHead answer = new ResponseHead();
        head = answer;
        HeadParser reader = new HeadParser(settings.limits(), answer);
        reader.begin(answer);
        parser = reader;
        to.write(copy.readRetainedSlice(copy.readableBytes()));
        to.flush();
    }

    @Override
    public void connectFailed(ServerLane lane, String why) {
        connection = null;
        end();
    }

    @Override
    public void refused(Refusal why) {
        end();
    }

    @Override
    public void responseBytes(ByteBuf in) {
        while (in.isReadable() && !over) {
            BodyDecoder decoder = body;
            if (decoder == null) {
                head(in);
            } else if (decoder.done()) {
                finish(false);
            } else {
                int count = decoder.next(in);
                if (count == BodyDecoder.REJECTED) {
                    drop();
                } else {
                    in.skipBytes(count);
                }
            }
        }
        BodyDecoder decoder = body;
        if (!over && decoder != null && decoder.done()) {
            finish(framing.keepAlive());
        }
    }

    private void head(ByteBuf in) {
        HeadParser reader = parser;
        ResponseHead answer = head;
        UpstreamConnection from = connection;
        if (reader == null || answer == null || from == null) {
            drop();
            return;
        }
        switch (reader.parse(in)) {
            case MORE -> {}
            case REJECTED -> drop();
            case DONE -> {
                if (framing.response(answer, toHead) != null || answer.status() == 101) {
                    drop();
                } else if (answer.status() < 200) {
                    reader.begin(answer);
                } else {
                    long now = worker.now();
                    from.lane().firstByte(now - sentAt, now);
                    from.lane().ended(answer.status(), sentAt, now);
                    BodyDecoder decoder = new BodyDecoder(settings.limits(), 0);
                    decoder.begin(framing, false);
                    body = decoder;
                }
            }
        }
    }

    private void finish(boolean lasts) {
        UpstreamConnection from = connection;
        connection = null;
        end();
        if (from != null && lasts) {
            from.release();
        } else if (from != null) {
            from.discard();
        }
    }

    @Override
    public void responsePause() {}

    @Override
    public void serverClosed(Ending how) {
        connection = null;
        end();
    }

    @Override
    public void serverWritable(boolean writable) {}
}
