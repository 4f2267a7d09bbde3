package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.admin.AccessEntry;
import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.route.Shares;
import io.plinth.lbproxy.upstream.Refusal;
import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.upstream.UpstreamUser;
import io.plinth.lbproxy.wire.http1.Rejection;
import org.jspecify.annotations.Nullable;

/**
 * One request's life. Owned by the event loop of its client, which is its server connection's too; reused by its worker.
 *
 * <pre>
 * READING_HEAD      -> ACQUIRING          head right and a route found
 * ACQUIRING         -> AWAITING_RESPONSE  connected; the head is sent, the body follows as it comes
 * AWAITING_RESPONSE -> ACQUIRING          the server closed before a byte of its response; GET or HEAD, tries left
 * AWAITING_RESPONSE -> RELAYING           first byte of a response
 * RELAYING          -> TUNNEL             101
 * any               -> ENDED              response complete, answered here, or either side gone
 * </pre>
 */
final class Exchange implements UpstreamUser {
    private enum State {
        READING_HEAD,
        ACQUIRING,
        AWAITING_RESPONSE,
        RELAYING,
        TUNNEL,
        ENDED
    }

    private static final int CLIENT_CLOSED = 499;

    private final Worker worker;
    private final ProxySettings settings;
    private final RequestRelay request;
    private final ResponseRelay response;
    private State state = State.ENDED;
    private @Nullable ClientSide client;
    private @Nullable RouteTarget route;
    private @Nullable UpstreamConnection server;
    private @Nullable UpstreamConnection pending;
    private final Attempts attempts = new Attempts();
    private final AccessEntry entry;
    private int localStatus;
    private long tunnelled;

    Exchange(Worker worker, ProxySettings settings) {
        this.worker = worker;
        this.settings = settings;
        request = new RequestRelay(settings);
        response = new ResponseRelay(settings, request, worker::draining);
        entry = new AccessEntry(request.head());
    }

    ProxySettings settings() {
        return settings;
    }

    void begin(ClientSide from) {
        assert state == State.ENDED;
        state = State.READING_HEAD;
        client = from;
        route = null;
        server = null;
        pending = null;
        localStatus = 0;
        tunnelled = 0;
        attempts.begin();
        entry.begin(worker.now());
        request.begin();
        response.begin();
        from.within(settings.timeouts().header());
    }

    private ClientSide client() {
        ClientSide known = client;
        if (known == null) {
            throw new IllegalStateException("exchange has ended");
        }
        return known;
    }

    // ---- what the client does

    /** Whether bytes from the client have somewhere to go now. */
    boolean takesInput() {
        UpstreamConnection to = server;
        return switch (state) {
            case READING_HEAD -> true;
            case AWAITING_RESPONSE, RELAYING -> !request.done() && to != null && to.writable();
            case TUNNEL -> to != null && to.writable();
            case ACQUIRING, ENDED -> false;
        };
    }

    /** Whether the server takes no more bytes for now, so that the client is not to be read. */
    boolean stalled() {
        UpstreamConnection to = server;
        return to != null && !to.writable() && (state == State.TUNNEL || !request.done());
    }

    void input(ByteBuf in) {
        if (state == State.READING_HEAD) {
            switch (request.head(in)) {
                case MORE -> {}
                case REJECTED -> reject();
                case DONE -> headRead();
            }
            return;
        }
        UpstreamConnection to = server;
        if (to == null) {
            return;
        }
        if (state == State.TUNNEL) {
            to.write(in.readRetainedSlice(in.readableBytes()));
            progressed();
        } else if (request.body(in, to, client()) == RequestRelay.Progress.REJECTED) {
            reject();
        } else {
            awaits();
        }
    }

    /** The deadline while a response is awaited, or more of the request. */
    private void awaits() {
        boolean sentWhole = request.done() && state == State.AWAITING_RESPONSE;
        client().within(sentWhole ? settings.timeouts().response() : settings.timeouts().stream());
    }

    private void headRead() {
        entry.client(client().forwarded().client());
        RouteTarget found = worker.snapshot().routes().match(request.head());
        if (found == null) {
            worker.counts().add(Worker.UNROUTED, 1);
            answer(404, "no route for this host and path", false);
            return;
        }
        route = found;
        Answer early =
                Admission.answer(found, request.head(), client().forwarded().scheme());
        Rejection tooLarge = request.limitBody(found.limits().body());
        Shares<RouteTarget.Destination> pools = found.pools();
        if (early != null || pools == null || tooLarge != null) {
            entry.routed(found.name(), "-");
            answer(Admission.refusal(found, early, tooLarge), tooLarge != null || !request.done());
        } else {
            RouteTarget.Destination to = pools.draw(worker.random());
            attempts.to(to, worker.index());
            entry.routed(found.name(), to.pool().name());
            response.changes(found.toClient());
            acquire(false);
        }
    }

    /** The client closed. */
    void clientGone() {
        UpstreamConnection to = server;
        server = null;
        if (to != null) {
            if (state == State.TUNNEL) {
                to.closeAfterWriting();
            } else {
                to.discard();
            }
        }
        stopAcquiring();
        if (state == State.READING_HEAD) {
            recycle();
        } else {
            localStatus = response.started() ? 0 : CLIENT_CLOSED;
            end();
        }
    }

    void clientWritable(boolean writable) {
        UpstreamConnection from = server;
        if (from != null) {
            from.read(writable);
        }
        if (writable && (state == State.RELAYING || state == State.TUNNEL)) {
            progressed();
        }
    }

    void flushServer() {
        UpstreamConnection to = server;
        if (to != null) {
            to.flush();
        }
    }

    // ---- getting a server

    private void acquire(boolean fresh) {
        state = State.ACQUIRING;
        client().within(settings.timeouts().queue());
        attempts.acquire(this, fresh);
    }

    private void stopAcquiring() {
        UpstreamConnection connecting = pending;
        pending = null;
        if (connecting != null) {
            connecting.abandon();
        }
        if (state == State.ACQUIRING) {
            attempts.cancel(this);
        }
    }

    @Override
    public void connecting(UpstreamConnection connection) {
        pending = connection;
        entry.tried(connection.lane().server().name());
        // The connect has its own time limit; this one is for the case that it does not come back.
        client().within(settings.timeouts().queue() + settings.timeouts().connect());
    }

    @Override
    public void connected(UpstreamConnection connection) {
        assert state == State.ACQUIRING;
        RouteTarget to = route;
        ClientSide from = client();
        if (to == null) {
            throw new IllegalStateException("connected without a route");
        }
        pending = null;
        server = connection;
        entry.tried(connection.lane().server().name());
        state = State.AWAITING_RESPONSE;
        attempts.sentOver(connection);
        entry.sent(worker.now());
        request.send(connection, to, from, settings.makeTraceparent(), worker.random());
        awaits();
        from.resume();
        if (request.done()) {
            flushServer();
        }
    }

    @Override
    public void connectFailed(ServerLane to, String why) {
        pending = null;
        boolean more = attempts.afterConnectFailed(to, "server " + to.server().name() + " not reached (" + why + ")");
        if (more) {
            worker.counts().add(Worker.RETRIES, 1);
            acquire(false);
        } else {
            answer(502, String.valueOf(attempts.failure()), false);
        }
    }

    @Override
    public void refused(Refusal why) {
        String before = attempts.failure();
        if (before != null) {
            answer(502, before, false);
        } else {
            answer(why.status(), why.text(), false);
        }
    }

    // ---- what the server does

    @Override
    public void responseBytes(ByteBuf in) {
        ClientSide to = client();
        if (state == State.AWAITING_RESPONSE) {
            firstByte();
        }
        if (state == State.TUNNEL) {
            tunnel(in, to);
            return;
        }
        switch (response.bytes(in, to)) {
            case MORE -> {
                progressed();
                holdBack(to);
            }
            case DONE -> finish();
            case SWITCHED -> {
                state = State.TUNNEL;
                tunnel(in, to);
                to.resume();
            }
            case BROKEN -> failed(502, "server " + entry.serverName() + " sent a " + response.wrong());
        }
    }

    private void tunnel(ByteBuf in, ClientSide to) {
        if (in.isReadable()) {
            tunnelled += in.readableBytes();
            to.write(in.readRetainedSlice(in.readableBytes()));
        }
        to.within(settings.timeouts().tunnel());
        holdBack(to);
    }

    private void holdBack(ClientSide to) {
        UpstreamConnection from = server;
        if (from != null && !to.writable()) {
            from.read(false);
        }
    }

    private void firstByte() {
        state = State.RELAYING;
        long now = worker.now();
        attempts.firstByte(entry.firstByte(now), now);
    }

    private void progressed() {
        client().within(state == State.TUNNEL ? settings.timeouts().tunnel() : settings.timeouts().stream());
    }

    @Override
    public void responsePause() {
        client().flush();
    }

    @Override
    public void serverWritable(boolean writable) {
        if (state == State.AWAITING_RESPONSE) {
            awaits();
        } else {
            progressed();
        }
        // Reading from the client stops and goes on with what the server takes.
        client().resume();
    }

    @Override
    public void serverClosed() {
        server = null;
        ClientSide to = client();
        switch (state) {
            case AWAITING_RESPONSE -> closedEarly();
            case TUNNEL -> {
                end();
                to.close(false);
            }
            case RELAYING -> {
                if (response.endsWithClose()) {
                    finish();
                } else {
                    failed(502, "server " + entry.serverName() + " closed in the middle of its response");
                }
            }
            case READING_HEAD, ACQUIRING, ENDED -> throw new IllegalStateException("server closed in " + state);
        }
    }

    /** RFC 9110 9.2.2: what has no effect may be sent again; a connection that idled too long does not count as a try. */
    private void closedEarly() {
        RouteTarget to = route;
        String why = "server " + entry.serverName() + " closed before it answered";
        boolean more = attempts.afterClosed(why, to == null ? 1 : to.attempts(), worker.now());
        if (more && request.repeatable() && !response.interimSent()) {
            worker.counts().add(Worker.RETRIES, 1);
            acquire(attempts.reused());
        } else {
            failed(502, why);
        }
    }

    /** The whole response has gone on. */
    private void finish() {
        ClientSide to = client();
        UpstreamConnection from = server;
        server = null;
        boolean whole = request.done();
        boolean lasts = response.clientLasts() && whole;
        boolean again = from != null && whole && response.serverLasts();
        to.flush();
        end();
        if (from != null) {
            if (again) {
                from.release();
            } else {
                from.discard();
            }
        }
        to.exchangeEnded(lasts, !whole);
    }

    // ---- ends that are not the response's

    private void reject() {
        Rejection why = request.rejection();
        Rejection known = why == null ? Rejection.REQUEST_LINE : why;
        worker.counts().add(Worker.REJECTED, 1);
        failed(known.status(), known.text());
    }

    /** Answers and closes; without an answer when a response has begun. */
    private void failed(int status, String why) {
        UpstreamConnection from = server;
        server = null;
        if (from != null) {
            from.discard();
        }
        if (response.started()) {
            ClientSide to = client();
            end();
            to.abort();
        } else {
            answer(status, why, status < 500 || !request.done());
        }
    }

    private void answer(int status, String why, boolean close) {
        answer(Admission.error(route, attempts.destination(), status, why), close);
    }

    private void answer(Answer what, boolean close) {
        ClientSide to = client();
        boolean lasts = !close && request.lasts() && !request.http10() && !worker.draining();
        to.answer(worker.errorPage().render(to.allocator(), what, !lasts, !request.isHead()));
        to.flush();
        localStatus = what.status();
        end();
        to.exchangeEnded(lasts, !lasts);
    }

    /** The deadline that was set last has passed. */
    void timeout() {
        boolean connecting = pending != null;
        stopAcquiring();
        switch (state) {
            case READING_HEAD -> failed(408, "request head not complete within timeouts.header");
            case ACQUIRING ->
                failed(
                        connecting ? 504 : Refusal.QUEUE_TIMEOUT.status(),
                        connecting
                                ? "server " + entry.serverName() + " not reached in time"
                                : Refusal.QUEUE_TIMEOUT.text());
            case AWAITING_RESPONSE -> {
                if (request.done()) {
                    failed(504, "server " + entry.serverName() + " did not answer within timeouts.response");
                } else {
                    failed(408, "request body did not come within timeouts.stream");
                }
            }
            case RELAYING -> failed(504, "response did not go on within timeouts.stream");
            case TUNNEL -> {
                UpstreamConnection from = server;
                server = null;
                if (from != null) {
                    from.closeAfterWriting();
                }
                ClientSide to = client();
                end();
                to.close(false);
            }
            case ENDED -> throw new IllegalStateException("timeout after the end");
        }
    }

    private void end() {
        int status = localStatus != 0 ? localStatus : state == State.TUNNEL ? 101 : response.status();
        entry.end(worker.now(), status, tunnelled + response.bodyBytes());
        RouteTarget to = route;
        if (to != null) {
            to.statuses().get(worker.index()).add(Math.clamp(status / 100, 0, 5), 1);
        }
        worker.accessLog().add(entry);
        recycle();
    }

    private void recycle() {
        state = State.ENDED;
        client = null;
        request.end();
        worker.recycle(this);
    }
}
