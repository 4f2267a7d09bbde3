package io.plinth.mqbroker.session;

import io.plinth.mqbroker.stats.Counts;

/** One channel, as management shows it. */
public record ChannelDescription(
        int number,
        boolean confirm,
        long unconfirmed,
        int unacked,
        int consumers,
        int prefetch,
        int globalPrefetch,
        Counts counts) {}
