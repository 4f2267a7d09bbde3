package io.plinth.mqbroker.exchange;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Immutable arrays of destinations; one destination may stand in an array more than once (bindings that differ in arguments). */
final class Destinations {
    static final Destination[] NONE = {};

    private Destinations() {}

    static Destination[] join(Destination[] all, Destination[] more) {
        Destination[] joined = Arrays.copyOf(all, all.length + more.length);
        System.arraycopy(more, 0, joined, all.length, more.length);
        return joined;
    }

    /** One occurrence less. */
    static Destination[] without(Destination[] all, Destination one) {
        int at = Arrays.asList(all).indexOf(one);
        if (at < 0) {
            return all;
        }
        Destination[] rest = new Destination[all.length - 1];
        System.arraycopy(all, 0, rest, 0, at);
        System.arraycopy(all, at + 1, rest, at, rest.length - at);
        return rest;
    }

    static Destination @Nullable [] orNull(Destination[] all) {
        return all.length == 0 ? null : all;
    }
}
