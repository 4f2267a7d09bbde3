package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.NameTable;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** All zones of a node. Immutable. */
public final class Zones {
    private final List<Zone> all;
    private final NameTable<Zone> byOrigin;
    private final int deepest;

    public Zones(Collection<Zone> zones) {
        this.all = List.copyOf(zones);
        this.byOrigin = new NameTable<>(all.stream().collect(Collectors.toMap(Zone::origin, Function.identity())));
        this.deepest =
                all.stream().mapToInt(zone -> zone.origin().labels()).max().orElse(-1);
    }

    public List<Zone> all() {
        return all;
    }

    /** The zone nearest above {@code name}, or null. */
    public @Nullable Zone find(Name name) {
        for (int skip = Math.max(0, name.labels() - deepest); skip <= name.labels(); skip++) {
            Zone zone = byOrigin.get(name, skip);
            if (zone != null) {
                return zone;
            }
        }
        return null;
    }
}
