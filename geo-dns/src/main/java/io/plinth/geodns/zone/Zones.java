package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.NameTable;
import io.plinth.geodns.wire.Query;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** All zones of a node. Immutable. */
public final class Zones {
    private final List<Zone> all;
    private final NameTable<Zone> byOrigin;
    private final int deepest;

    public Zones(Collection<Zone> zones) {
        this.all = List.copyOf(zones);
        this.byOrigin = new NameTable<>(all, all.size(), Zone::origin);
        this.deepest = all.stream().mapToInt(Zone::labels).max().orElse(-1);
    }

    public List<Zone> all() {
        return all;
    }

    /** The zone of this very name, or null. */
    public @Nullable Zone zone(Name origin) {
        return byOrigin.get(origin);
    }

    /** The zone nearest above the question without its first {@code from} labels, or null. */
    public @Nullable Zone find(Query query, int from) {
        int labels = query.labels();
        for (int skip = Math.max(from, labels - deepest); skip <= labels; skip++) {
            Zone zone = byOrigin.get(query, skip);
            if (zone != null) {
                return zone;
            }
        }
        return null;
    }
}
