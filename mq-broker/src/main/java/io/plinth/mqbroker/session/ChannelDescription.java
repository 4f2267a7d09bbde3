package io.plinth.mqbroker.session;

import io.plinth.mqbroker.stats.Counts;

/**
 * One channel, as management shows it.
 *
 * @param messagesUncommitted what its transaction published so far
 * @param acksUncommitted what it settled
 */
public record ChannelDescription(
        int number,
        boolean confirm,
        long unconfirmed,
        int unacked,
        int consumers,
        int prefetch,
        int globalPrefetch,
        boolean transactional,
        int messagesUncommitted,
        int acksUncommitted,
        Counts counts) {}
