package io.plinth.geodns.gdnsd;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Owned by who imports: what could not be carried over, where it stands and what to do about it. */
final class Notes {
    private final Set<String> notes = new LinkedHashSet<>();

    void add(Vscf.Mark at, String what) {
        notes.add(at + ": " + what);
    }

    /** The same for each key of a table that nothing was made of. */
    void rest(Vscf.Table table, Set<String> known, String where) {
        for (Map.Entry<String, Vscf> entry : table.entries().entrySet()) {
            if (!known.contains(entry.getKey())) {
                add(entry.getValue().at(), where + "." + entry.getKey() + ": left out (nothing here is like it)");
            }
        }
    }

    List<String> all() {
        return new ArrayList<>(notes);
    }
}
