package io.plinth.lbproxy.exchange;

import io.plinth.kit.tracing.SpanExporter;
import io.plinth.lbproxy.admin.AccessEntry;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.forward.Trace;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.trace.Span;
import io.plinth.lbproxy.upstream.Server;
import io.plinth.lbproxy.wire.http1.RequestHead;
import org.jspecify.annotations.Nullable;

/** What is kept of an exchange for its operator: the line of the access log, counts and latencies. Owned by the exchange's event loop. */
final class Ledger {
    private static final int CLASSES = 5;

    private final Worker worker;
    private final AccessEntry entry;
    private final RequestHead head;
    private final Trace trace = new Trace();
    private boolean traced;
    private String scheme = "";
    private long tunnelled;

    Ledger(Worker worker, RequestHead head) {
        this.worker = worker;
        this.head = head;
        entry = new AccessEntry(head);
    }

    void begin() {
        tunnelled = 0;
        traced = false;
        entry.begin(worker.now());
    }

    /** A head is whole; tells who asks. */
    void headRead(ForwardedHeaders from, ProxySettings settings) {
        entry.client(from.client());
        scheme = from.scheme();
        traced = true;
        trace.begin(
                head,
                settings.makeTraceparent(),
                worker.spans() == null ? 0 : settings.sampled(),
                worker.spans() != null && settings.followsParents(),
                worker.random());
    }

    /** What its servers are told of its trace. */
    Trace trace() {
        return trace;
    }

    /** Where it goes. */
    void routed(@Nullable RouteTarget route, RouteTarget.@Nullable Destination to) {
        entry.routed(
                route == null ? null : route.name(),
                to == null ? null : to.pool().name());
    }

    void tried(Server server) {
        entry.tried(server.name());
    }

    /** The head went to the server tried last. */
    void sent() {
        entry.sent(worker.now());
    }

    /** The head went to a second server too. */
    void hedged() {
        entry.hedged();
    }

    /** The answer is that of the second server, which was asked at {@code at}. */
    void hedgeWon(Server by, long at) {
        entry.hedgeWon(by.name(), at);
    }

    /** A byte of the response came; returns how long that took. */
    long firstByte(long now) {
        return entry.firstByte(now);
    }

    /** Bytes went through a tunnel to the client. */
    void tunnelled(int bytes) {
        tunnelled += bytes;
    }

    /** The name of the server tried last. */
    String serverName() {
        return entry.serverName();
    }

    /** It is over, with this status for the client. */
    void end(@Nullable RouteTarget route, int status, long bodyBytes) {
        entry.end(worker.now(), status, tunnelled + bodyBytes);
        if (route != null) {
            route.latencies().record(worker.index(), entry.nanos());
            route.statuses().get(worker.index()).add(Math.clamp(status / 100, 0, CLASSES), 1);
        }
        worker.accessLog().add(entry);
        SpanExporter<Span> spans = worker.spans();
        if (spans != null && traced && trace.sampled()) {
            spans.offer(entry.span(trace.ids(), scheme, worker.nanosSince1970()));
        }
    }
}
