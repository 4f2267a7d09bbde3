package io.plinth.geodns.answer;

import io.plinth.geodns.guard.Guard;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.zone.Zones;

/** Everything an answer is made of. Immutable; each event loop reads it once for each query. */
public record Snapshot(Zones zones, Policies policies, GeoSource geo, Guard guard, AddressAliases aliases) {
    /** No zones. */
    public static final Snapshot EMPTY =
            new Snapshot(Zones.NONE, Policies.NONE, GeoSource.none("not loaded"), Guard.OPEN, AddressAliases.NONE);

    /** The same under another view of what is healthy. */
    public Snapshot withHealth(Health health) {
        return new Snapshot(zones, policies.withHealth(health), geo, guard, aliases);
    }
}
