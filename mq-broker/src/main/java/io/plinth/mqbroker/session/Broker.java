package io.plinth.mqbroker.session;

import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.queue.Shards;
import io.plinth.mqbroker.wire.FieldTable;
import java.time.Clock;
import java.util.Base64;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * What every connection works with.
 *
 * @param serverProperties what connection.start says
 */
public record Broker(
        Vhosts vhosts,
        Definitions definitions,
        Shards shards,
        Alarms alarms,
        Connections connections,
        Access access,
        Supplier<SessionLimits> limits,
        FieldTable serverProperties,
        Clock clock,
        LongSupplier nanoTime,
        RandomGenerator random,
        DirectReplies replies,
        SessionMetrics metrics) {
    private static final int NAME_BYTES = 16;

    /** A name no other has, for a queue or consumer that was given none. */
    String newName(String prefix) {
        byte[] bytes = new byte[NAME_BYTES];
        random.nextBytes(bytes);
        return prefix + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
