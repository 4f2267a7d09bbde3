package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.upstream.Ending;
import io.plinth.lbproxy.upstream.Pick;
import io.plinth.lbproxy.upstream.Refusal;
import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.upstream.UpstreamUser;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One request's life, in the states of {@link ExchangeState}. Owned by its client's and its server's event loop; reused. */
final class Exchange implements UpstreamUser {
    private static final int CLIENT_CLOSED = 499;

    private final Worker worker;
    final ProxySettings settings;
    final RequestRelay request;
    private final ResponseRelay response;
    private ExchangeState state = ExchangeState.ENDED;
    private @Nullable ClientSide client;
    private @Nullable RouteTarget route;
    final ServerLink link = new ServerLink();
    final Attempts attempts = new Attempts();
    final Ledger ledger;
    private final Admission admission = new Admission();
    private final Deadlines deadlines;
    private final Hedge hedge;

    Exchange(Worker worker, ProxySettings settings) {
        this.worker = worker;
        this.settings = settings;
        request = new RequestRelay(settings);
        response = new ResponseRelay(settings, request, worker::draining, this::retries);
        ledger = new Ledger(worker, request.head());
        deadlines = new Deadlines(settings);
        hedge = new Hedge(this, worker);
    }

    void begin(ClientSide from) {
        assert state == ExchangeState.ENDED;
        state = ExchangeState.READING_HEAD;
        client = from;
        route = null;
        attempts.begin();
        ledger.begin();
        request.begin();
        response.begin();
        deadlines.begin(from, worker.coarseNow());
    }

    private ClientSide client() {
        return Objects.requireNonNull(client, "exchange has ended");
    }

    // ---- what the client does

    /** Whether bytes from the client have somewhere to go now. */
    boolean takesInput() {
        return switch (state) {
            case READING_HEAD -> true;
            case AWAITING_RESPONSE, RELAYING -> !request.done() && link.takes();
            case TUNNEL -> link.takes();
            case ACQUIRING, ENDED -> false;
        };
    }

    /** Whether the server takes no more bytes for now, so that the client is not to be read. */
    boolean stalled() {
        return link.full() && (state == ExchangeState.TUNNEL || !request.done());
    }

    void input(ByteBuf in) {
        if (state == ExchangeState.READING_HEAD) {
            int before = in.readableBytes();
            switch (request.head(in)) {
                case MORE -> deadlines.headGrew(before - in.readableBytes(), worker.coarseNow());
                case REJECTED, MALFORMED -> reject();
                case DONE -> headRead();
            }
            return;
        }
        UpstreamConnection to = link.server();
        if (to == null) {
            return;
        }
        if (state == ExchangeState.TUNNEL) {
            to.write(in.readRetainedSlice(in.readableBytes()));
            progressed();
        } else if (request.body(in, to, client()) == RequestRelay.Progress.REJECTED) {
            reject();
        } else {
            awaits();
        }
    }

    private void awaits() {
        deadlines.awaits(request.done() && state == ExchangeState.AWAITING_RESPONSE);
    }

    /** A stream has ended and all before went on. */
    void inputEnded(@Nullable TrailerFields trailers) {
        UpstreamConnection to = link.server();
        if (state == ExchangeState.TUNNEL) {
            tunnelEnds();
        } else if (to != null) {
            request.streamEnded(to, client(), trailers);
            awaits();
        }
    }

    void headRead() {
        ledger.headRead(client().forwarded(), settings);
        admission.decide(worker, request, client().forwarded());
        RouteTarget found = admission.route();
        RouteTarget.Destination to = admission.destination();
        Answer early = admission.answer();
        route = found;
        if (found == null || to == null) {
            worker.counts().add(Worker.UNROUTED, found == null ? 1 : 0);
            ledger.routed(found, null);
            answer(early, admission.close() || !request.done());
            return;
        }
        attempts.to(to, worker.index(), request.head(), client().forwarded());
        attempts.pick().tunnel(request.asksUpgrade());
        ledger.routed(found, to);
        acquire(false);
    }

    /** The client closed; or what it sent ends its stream without an answer. */
    void clientGone(boolean malformed) {
        if (state == ExchangeState.TUNNEL) {
            link.closeAfterWriting();
        } else {
            link.drop();
        }
        stopAcquiring();
        worker.counts().add(Worker.REJECTED, malformed ? 1 : 0);
        if (state == ExchangeState.READING_HEAD && !malformed) {
            recycle();
        } else {
            end(response.started() ? 0 : malformed ? 400 : CLIENT_CLOSED);
        }
    }

    void clientWritable(boolean writable) {
        link.read(writable);
        if (writable && (state == ExchangeState.RELAYING || state == ExchangeState.TUNNEL)) {
            progressed();
        }
    }

    // ---- getting a server

    private void acquire(boolean fresh) {
        hedge.cancel();
        state = ExchangeState.ACQUIRING;
        deadlines.queue();
        attempts.acquire(this, fresh);
    }

    private void stopAcquiring() {
        link.abandon();
        if (state == ExchangeState.ACQUIRING) {
            attempts.cancel(this);
        }
    }

    @Override
    public Pick pick() {
        return attempts.pick();
    }

    @Override
    public void connecting(UpstreamConnection connection) {
        link.connecting(connection);
        ledger.tried(connection.lane().server());
        deadlines.connect();
    }

    @Override
    public void connected(UpstreamConnection connection) {
        assert state == ExchangeState.ACQUIRING;
        RouteTarget to = Objects.requireNonNull(route, "connected without a route");
        ClientSide from = client();
        link.use(connection);
        ledger.tried(connection.lane().server());
        state = ExchangeState.AWAITING_RESPONSE;
        attempts.sentOver(connection, worker.now());
        changeResponse(connection);
        ledger.sent();
        if (attempts.first()) {
            request.copyTo(Mirror.of(to, request, from.forwarded(), worker));
        }
        send(connection);
        awaits();
        from.resume();
        if (request.done()) {
            link.flush();
        }
        if (state == ExchangeState.AWAITING_RESPONSE && attempts.hedging() != null && request.repeatable()) {
            hedge.begin(attempts.hedging());
        }
    }

    void send(UpstreamConnection connection) {
        RouteTarget to = Objects.requireNonNull(route, "sent without a route");
        request.send(connection, to, client(), ledger.trace(), worker.random());
    }

    /** The second server answers first, or is the one that is left. */
    void hedgeWon(UpstreamConnection connection, long sentAt) {
        link.drop();
        link.use(connection);
        attempts.hedgeWon(connection, worker.now());
        ledger.hedgeWon(connection.lane().server(), sentAt);
        changeResponse(connection);
    }

    private void changeResponse(UpstreamConnection connection) {
        RouteTarget to = Objects.requireNonNull(route, "connected without a route");
        response.changes(attempts.changes(
                to.toClient(), connection.lane().server(), client().forwarded().secure()));
    }

    @Override
    public void connectFailed(ServerLane to, String why) {
        link.lost();
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
        link.lost();
        String before = attempts.failure();
        answer(before == null ? why.status() : 502, before == null ? why.text() : before, false);
    }

    // ---- what the server does

    @Override
    public void responseBytes(ByteBuf in) {
        ClientSide to = client();
        if (state == ExchangeState.AWAITING_RESPONSE) {
            firstByte();
        }
        if (state == ExchangeState.TUNNEL) {
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
                state = ExchangeState.TUNNEL;
                tunnel(in, to);
                to.resume();
            }
            case RETRY -> sendAgain();
            case BROKEN -> {
                attempts.outcome(0, worker.now());
                failed(502, "server " + ledger.serverName() + " sent a " + response.wrong());
            }
        }
    }

    private void tunnel(ByteBuf in, ClientSide to) {
        if (in.isReadable()) {
            ledger.tunnelled(in.readableBytes());
            to.write(in.readRetainedSlice(in.readableBytes()));
        }
        progressed();
        holdBack(to);
    }

    private void holdBack(ClientSide to) {
        if (!to.writable()) {
            link.read(false);
        }
    }

    private void firstByte() {
        state = ExchangeState.RELAYING;
        request.forget();
        hedge.cancel();
        long now = worker.now();
        attempts.firstByte(ledger.firstByte(now), now);
    }

    private void progressed() {
        deadlines.progressed(state == ExchangeState.TUNNEL);
    }

    @Override
    public void responsePause() {
        client().flush();
    }

    @Override
    public void serverWritable(boolean writable) {
        if (state == ExchangeState.AWAITING_RESPONSE) {
            awaits();
        } else {
            progressed();
        }
        // Reading from the client stops and goes on with what the server takes.
        client().resume();
    }

    @Override
    public void serverClosed(Ending how) {
        link.lost();
        if (how == Ending.CANCELLED && state != ExchangeState.TUNNEL && attempts.streams(request.head())) {
            // A call whose deadline has passed at the server: its client's own status (grpc-timeout), not a gateway's.
            ClientSide to = client();
            end(CLIENT_CLOSED);
            to.cancel();
            return;
        }
        switch (state) {
            case AWAITING_RESPONSE -> closedEarly(how == Ending.UNTOUCHED);
            case TUNNEL -> tunnelEnds();
            case RELAYING -> {
                if (response.endsWithClose()) {
                    client().end(null);
                    finish();
                } else {
                    attempts.outcome(0, worker.now());
                    failed(502, "server " + ledger.serverName() + " closed in the middle of its response");
                }
            }
            case READING_HEAD, ACQUIRING, ENDED -> throw new IllegalStateException("server closed in " + state);
        }
    }

    /** What has no effect may be sent again (RFC 9110 9.2.2), and what had none; a connection that idled too long is no try. */
    private void closedEarly(boolean untouched) {
        String why = "server " + ledger.serverName() + " closed before it answered";
        if (hedge.sent()) {
            attempts.outcome(0, worker.now());
            hedge.win();
            return;
        }
        boolean repeatable = (request.repeatable() || (untouched && request.whole())) && !response.interimSent();
        boolean more = untouched
                ? attempts.afterRefused(why)
                : attempts.afterClosed(why, repeatable && route != null ? route.attempts() : 1, worker.now());
        if (more && repeatable) {
            worker.counts().add(Worker.RETRIES, 1);
            acquire(!untouched && attempts.reused());
        } else {
            failed(502, why);
        }
    }

    /** Whether a final status is to be tried on another server instead of going on to the client. */
    private boolean retries(int status) {
        return request.repeatable() && !response.interimSent() && attempts.afterStatus(status, route, worker.now());
    }

    private void sendAgain() {
        link.drop();
        response.begin();
        worker.counts().add(Worker.RETRIES, 1);
        acquire(false);
    }

    /** The whole response has gone on. */
    private void finish() {
        ClientSide to = client();
        boolean whole = request.done();
        boolean lasts = response.clientLasts() && whole;
        boolean again = whole && response.serverLasts();
        to.flush();
        end(0);
        link.giveBack(again);
        to.exchangeEnded(lasts, !whole);
    }

    // ---- ends that are not the response's

    void reject() {
        Rejection why = request.rejection();
        Rejection known = why == null ? Rejection.REQUEST_LINE : why;
        worker.counts().add(Worker.REJECTED, 1);
        failed(known.status(), known.text());
    }

    /** Answers and closes; without an answer when a response has begun. */
    private void failed(int status, String why) {
        link.drop();
        if (response.started()) {
            ClientSide to = client();
            end(0);
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
        end(what.status());
        to.exchangeEnded(lasts, !lasts);
    }

    /**
     * Looks a few times a second whether the client sends fast enough.
     *
     * @param taken whether the client took of what it is sent
     */
    void tick(long now, boolean taken) {
        if (taken && state == ExchangeState.RELAYING) {
            progressed();
        }
        boolean waitsForClient = (state == ExchangeState.AWAITING_RESPONSE || state == ExchangeState.RELAYING)
                && !response.started()
                && link.takes()
                && (response.interimSent() || !request.asksContinue())
                && !attempts.streams(request.head());
        if (!request.done() && deadlines.bodyLate(now, client().received(), waitsForClient)) {
            slow(408, "request body slower than min-rate.body");
        }
    }

    /** The client is slower than it has to be. */
    void slow(int status, String why) {
        worker.counts().add(Worker.SLOW, 1);
        stopAcquiring();
        failed(status, why);
    }

    boolean tunnels() {
        return state == ExchangeState.TUNNEL;
    }

    /** The deadline that was set last has passed. */
    void timeout() {
        boolean connecting = link.connecting();
        stopAcquiring();
        if (state == ExchangeState.TUNNEL) {
            tunnelEnds();
            return;
        }
        if (state == ExchangeState.AWAITING_RESPONSE && request.done()) {
            attempts.outcome(0, worker.now());
        }
        Deadlines.Missed missed = Deadlines.missed(state, connecting, request.done(), ledger.serverName());
        failed(missed.status(), missed.text());
    }

    /** Either side has said all it will, or nothing for too long. */
    private void tunnelEnds() {
        link.closeAfterWriting();
        ClientSide to = client();
        end(0);
        to.close(false);
    }

    /** {@code own} is the status of an answer of ours; 0 where the server's went on. */
    private void end(int own) {
        hedge.cancel();
        int status = own != 0 ? own : state == ExchangeState.TUNNEL ? 101 : response.status();
        if (own == 0) {
            attempts.outcome(status, worker.now());
        }
        ledger.end(route, status, response.bodyBytes());
        recycle();
    }

    private void recycle() {
        state = ExchangeState.ENDED;
        client = null;
        request.end();
        worker.recycle(this);
    }
}
