package io.plinth.geodns.guard;

import io.plinth.geodns.place.Network;
import java.util.List;

/**
 * The rules that hold now. Immutable.
 *
 * @param secrets of cookies
 * @param requireCookie whether UDP queries without a good cookie get BADCOOKIE or nothing but TC
 * @param proxies networks whose datagrams and connections begin with a PROXY header
 */
public record Guard(CookieSecrets secrets, boolean requireCookie, RateLimit.Rule limit, List<Network> proxies) {
    /** No rules, and cookies of a well-known secret, for tests. */
    public static final Guard OPEN = new Guard(CookieSecrets.of(1, 2), false, RateLimit.Rule.NONE, List.of());

    public Guard {
        proxies = List.copyOf(proxies);
    }

    /** Whether somebody at an address speaks for others. */
    public boolean isProxy(byte[] address) {
        for (Network network : proxies) {
            if (network.contains(address)) {
                return true;
            }
        }
        return false;
    }
}
