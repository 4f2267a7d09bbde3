package io.plinth.mqbroker.session;

import org.jspecify.annotations.Nullable;

/** One connection, as management shows it. */
public record ConnectionDescription(
        String peer, String user, @Nullable String product, String state, int channels) {}
