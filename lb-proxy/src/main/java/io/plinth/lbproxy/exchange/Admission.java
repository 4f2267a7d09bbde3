package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.route.ErrorPages;
import io.plinth.lbproxy.route.Redirect;
import io.plinth.lbproxy.route.Shares;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.RequestHead;
import org.jspecify.annotations.Nullable;

/** Where a request goes, or what is answered before any server is asked. Owned by its exchange; reused. */
final class Admission {
    private static final long MAINTENANCE_SECONDS = 30;
    private static final long SECOND = 1_000_000_000L;
    private static final Answer UNROUTED = Answer.error(404, "no route for this host and path", ErrorPages.NONE);

    private @Nullable RouteTarget route;
    private RouteTarget.@Nullable Destination destination;
    private Answer answer = UNROUTED;
    private boolean close;

    /** Decides on a request whose head is right. */
    void decide(Worker worker, RequestRelay request, ForwardedHeaders client) {
        RouteTarget found = worker.snapshot().routes().match(request.head());
        route = found;
        destination = null;
        answer = UNROUTED;
        close = false;
        if (found == null) {
            return;
        }
        Answer early = answer(found, request.head(), client.scheme());
        RouteTarget.RateLimit rate = found.rateLimit();
        if (rate != null) {
            long wait = rate.limiter().take(rate.key().of(request.head(), client.address()), worker.now());
            if (wait > 0) {
                worker.counts().add(Worker.LIMITED, 1);
                early = Answer.retryLater(
                        429,
                        "route " + found.name() + ": more requests than rate-limit",
                        found.pages(),
                        1 + wait / SECOND);
            }
        }
        Rejection tooLarge = request.limitBody(found.limits().body());
        Shares<RouteTarget.Destination> pools = found.pools();
        if (early != null) {
            answer = early;
        } else if (tooLarge != null) {
            answer = error(found, null, tooLarge.status(), tooLarge.text());
            close = true;
        } else if (pools == null) {
            answer = error(found, null, 503, "no pool");
        } else {
            destination = pools.draw(worker.random());
        }
    }

    /** The route; null for none. */
    @Nullable
    RouteTarget route() {
        return route;
    }

    /** Where it goes; null for nowhere, then {@link #answer} it is. */
    RouteTarget.@Nullable Destination destination() {
        return destination;
    }

    Answer answer() {
        return answer;
    }

    /** Whether the connection ends with the answer. */
    boolean close() {
        return close;
    }

    /** The answer to a request whose head is right; null when it may go on to a server. */
    static @Nullable Answer answer(RouteTarget route, RequestHead head, String scheme) {
        if (route.maintenance()) {
            return Answer.retryLater(503, "down for maintenance", route.pages(), MAINTENANCE_SECONDS);
        }
        Redirect redirect = route.redirect();
        if (redirect != null) {
            return Answer.redirect(redirect.status(), redirect.location(head, scheme));
        }
        int max = route.limits().head();
        if (max != 0 && head.length() > max) {
            Rejection why = Rejection.HEADERS_TOO_LARGE;
            return Answer.error(why.status(), "request head larger than the route's limits.head", route.pages());
        }
        return route.respond();
    }

    /** An error that names as much as is known of where the request was going. */
    static Answer error(@Nullable RouteTarget route, RouteTarget.@Nullable Destination to, int status, String why) {
        if (route == null) {
            return Answer.error(status, why, ErrorPages.NONE);
        }
        String place = "route " + route.name()
                + (to == null ? "" : ", pool " + to.pool().name());
        return Answer.error(status, place + ": " + why, route.pages());
    }
}
