package io.plinth.geodns.wire;

import org.jspecify.annotations.Nullable;

/**
 * The OPT record of a query (RFC 6891 section 6.1).
 *
 * @param version 0 is the only one there is
 * @param payloadSize the largest UDP response the sender takes
 * @param dnssecOk the DO bit
 * @param clientSubnet null where the option was not sent
 */
public record Edns(
        int version,
        int payloadSize,
        boolean dnssecOk,
        @Nullable ClientSubnet clientSubnet) {}
