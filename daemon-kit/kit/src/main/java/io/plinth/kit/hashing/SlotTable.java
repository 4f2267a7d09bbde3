package io.plinth.kit.hashing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which node owns each slot. Immutable; stored with an epoch by whoever uses it, never recomputed from the file. */
public final class SlotTable {
    private final @Nullable String[] owners;

    private SlotTable(@Nullable String[] owners) {
        this.owners = owners;
    }

    /** A table in which nobody owns anything. */
    public static SlotTable empty(int slots) {
        return new SlotTable(new String[slots]);
    }

    /**
     * The table of the given runs, as it was stored.
     *
     * @throws IllegalArgumentException for a run outside the table or over another
     */
    public static SlotTable of(int slots, List<Run> runs) {
        @Nullable String[] owners = new String[slots];
        for (Run run : runs) {
            if (run.from() < 0 || run.to() >= slots || run.from() > run.to()) {
                throw new IllegalArgumentException("run: " + run + " (expected: within 0 to " + (slots - 1) + ")");
            }
            for (int slot = run.from(); slot <= run.to(); slot++) {
                if (owners[slot] != null) {
                    throw new IllegalArgumentException("slot: " + slot + " of " + run + " is owned by " + owners[slot]);
                }
                owners[slot] = run.node();
            }
        }
        return new SlotTable(owners);
    }

    static SlotTable of(@Nullable String[] owners) {
        return new SlotTable(owners.clone());
    }

    /**
     * Neighbouring slots of one owner.
     *
     * @param from the first slot
     * @param to the last slot, included
     */
    public record Run(int from, int to, String node) {
        /** How many slots it has. */
        public int size() {
            return to - from + 1;
        }
    }

    /** How many slots there are. */
    public int slots() {
        return owners.length;
    }

    /** The owner of a slot; null where nobody owns it. */
    public @Nullable String owner(int slot) {
        return owners[slot];
    }

    /** The fewest runs that describe the table, by slot. */
    public List<Run> runs() {
        List<Run> runs = new ArrayList<>();
        int from = 0;
        for (int slot = 1; slot <= owners.length; slot++) {
            String owner = owners[from];
            if (slot == owners.length || !java.util.Objects.equals(owners[slot], owner)) {
                if (owner != null) {
                    runs.add(new Run(from, slot - 1, owner));
                }
                from = slot;
            }
        }
        return runs;
    }

    /** How many slots each owner has, by name. */
    public Map<String, Integer> counts() {
        Map<String, Integer> counts = new TreeMap<>();
        for (String owner : owners) {
            if (owner != null) {
                counts.merge(owner, 1, Integer::sum);
            }
        }
        return counts;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SlotTable table && Arrays.equals(owners, table.owners);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(owners);
    }

    @Override
    public String toString() {
        return runs().toString();
    }
}
