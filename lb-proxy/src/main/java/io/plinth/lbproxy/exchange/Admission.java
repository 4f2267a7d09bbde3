package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.route.Answer;
import io.plinth.lbproxy.route.ErrorPages;
import io.plinth.lbproxy.route.Redirect;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.RequestHead;
import org.jspecify.annotations.Nullable;

/** What a route answers itself before any server is asked. */
final class Admission {
    private static final long MAINTENANCE_SECONDS = 30;

    private Admission() {}

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

    /** The answer of a route without a pool, or to a request with too large a body. */
    static Answer refusal(RouteTarget route, @Nullable Answer early, @Nullable Rejection tooLarge) {
        if (early != null) {
            return early;
        }
        return tooLarge == null
                ? error(route, null, 503, "no pool")
                : error(route, null, tooLarge.status(), tooLarge.text());
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
