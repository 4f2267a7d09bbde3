package io.plinth.kvcache.cluster;

import io.plinth.kvcache.keyspace.Slots;
import java.util.ArrayList;
import java.util.List;

/**
 * The stored slot table: which node name owns each slot, and since which epoch. Immutable.
 *
 * @param epoch counts the changes of the table, from 1
 * @param nodes the names, sorted
 * @param owners for each slot an index into {@code nodes}
 */
public record SlotAssignment(long epoch, List<String> nodes, short[] owners) {
    public SlotAssignment {
        nodes = List.copyOf(nodes);
        owners = owners.clone();
        if (owners.length != Slots.COUNT) {
            throw new IllegalArgumentException("slots: " + owners.length + " (expected: " + Slots.COUNT + ")");
        }
    }

    /** The owner of one slot. */
    int owner(int slot) {
        return owners[slot];
    }

    /** The runs of slots of one node, ascending. */
    List<SlotRange> ranges(int node) {
        List<SlotRange> ranges = new ArrayList<>();
        for (int slot = 0; slot < owners.length; slot++) {
            if (owners[slot] == node) {
                int first = slot;
                while (slot + 1 < owners.length && owners[slot + 1] == node) {
                    slot++;
                }
                ranges.add(new SlotRange(first, slot));
            }
        }
        return ranges;
    }
}
