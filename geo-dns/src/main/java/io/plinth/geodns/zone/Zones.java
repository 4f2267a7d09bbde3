package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.NameTable;
import io.plinth.geodns.wire.Query;
import io.plinth.kit.config.Problem;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All zones of a node, and what is wrong with those whose text could not be read last. Immutable. */
public final class Zones {
    /** None. */
    public static final Zones NONE = new Zones(List.of(), Map.of());

    private final List<Zone> all;
    private final NameTable<Zone> byOrigin;
    private final int deepest;
    private final Map<Name, List<Problem>> broken;

    /**
     * Holds zones.
     *
     * @param broken what is wrong with the texts of zones: they keep their last good version, or have none and are not
     *     served
     */
    public Zones(Collection<Zone> zones, Map<Name, List<Problem>> broken) {
        this.broken = Map.copyOf(broken);
        this.all = List.copyOf(zones);
        this.byOrigin = new NameTable<>(all, all.size(), Zone::origin);
        this.deepest = all.stream().mapToInt(Zone::labels).max().orElse(-1);
    }

    public List<Zone> all() {
        return all;
    }

    /** What is wrong with the text of each zone that could not be read last. */
    public Map<Name, List<Problem>> broken() {
        return broken;
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
