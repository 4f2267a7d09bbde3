package io.plinth.kit.hashing;

import io.plinth.kit.hashing.SlotTable.Run;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Plans the next slot table: exact quotas by weight, only the slots that must move do, and they move in contiguous runs.
 *
 * <p>Consistent hashing by the property that matters (about K/N slots move) and, unlike a ring, in perfect balance and
 * with few ranges, which every client is sent.
 */
public final class SlotPlanner {
    private final @Nullable String[] owners;
    private final SortedMap<String, Integer> missing = new TreeMap<>();

    private SlotPlanner(SlotTable previous) {
        owners = new String[previous.slots()];
        for (int slot = 0; slot < owners.length; slot++) {
            owners[slot] = previous.owner(slot);
        }
    }

    /**
     * The table for {@code weights}, as near to {@code previous} as exact quotas allow. Deterministic.
     *
     * @param previous {@link SlotTable#empty} at first
     * @param weights a share of 1 or more for each node; at least one node
     */
    public static SlotTable plan(SlotTable previous, Map<String, Integer> weights) {
        if (weights.isEmpty() || weights.size() > previous.slots()) {
            throw new IllegalArgumentException(
                    "nodes: " + weights.size() + " (expected: 1 to " + previous.slots() + ")");
        }
        SlotPlanner planner = new SlotPlanner(previous);
        planner.release(previous, weights);
        planner.fill();
        return SlotTable.of(planner.owners);
    }

    /** Frees the slots of nodes that are gone, and what is over a node's quota, its smallest runs first. */
    private void release(SlotTable previous, Map<String, Integer> weights) {
        Map<String, Integer> held = previous.counts();
        SortedMap<String, Integer> quotas = Quotas.of(owners.length, weights, name -> held.getOrDefault(name, 0));
        quotas.forEach((node, quota) -> missing.put(node, quota - held.getOrDefault(node, 0)));
        List<Run> smallestFirst = previous.runs().stream()
                .sorted(Comparator.comparingInt(Run::size).thenComparingInt(Run::from))
                .toList();
        for (Run run : smallestFirst) {
            int over = quotas.containsKey(run.node()) ? -missing.getOrDefault(run.node(), 0) : run.size();
            int count = Math.min(run.size(), over);
            if (count > 0) {
                assign(run.to() - count + 1, count, null);
                missing.computeIfPresent(run.node(), (node, before) -> before + count);
            }
        }
    }

    /** Gives free slots to whoever lacks most: beside its own first, else the run that fits best. */
    private void fill() {
        List<Run> free = free();
        while (!free.isEmpty()) {
            Map.Entry<String, Integer> taker = missing.entrySet().stream()
                    .max(Map.Entry.<String, Integer>comparingByValue()
                            .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
                    .orElseThrow();
            String node = taker.getKey();
            int want = taker.getValue();
            Run run = choose(free, node, want);
            int count = Math.min(want, run.size());
            boolean fromEnd = !owns(run.from() - 1, node) && owns(run.to() + 1, node);
            assign(fromEnd ? run.to() - count + 1 : run.from(), count, node);
            missing.put(node, want - count);
            free = free();
        }
    }

    private Run choose(List<Run> free, String node, int want) {
        List<Run> beside = free.stream()
                .filter(run -> owns(run.from() - 1, node) || owns(run.to() + 1, node))
                .toList();
        List<Run> offered = beside.isEmpty() ? free : beside;
        return offered.stream()
                .filter(run -> run.size() >= want)
                .min(Comparator.comparingInt(Run::size).thenComparingInt(Run::from))
                .orElseGet(() -> offered.stream()
                        .max(Comparator.comparingInt(Run::size)
                                .thenComparing(
                                        Comparator.comparingInt(Run::from).reversed()))
                        .orElseThrow());
    }

    private boolean owns(int slot, String node) {
        return slot >= 0 && slot < owners.length && node.equals(owners[slot]);
    }

    private List<Run> free() {
        List<Run> free = new ArrayList<>();
        int from = -1;
        for (int slot = 0; slot <= owners.length; slot++) {
            boolean open = slot < owners.length && owners[slot] == null;
            if (open && from < 0) {
                from = slot;
            } else if (!open && from >= 0) {
                free.add(new Run(from, slot - 1, ""));
                from = -1;
            }
        }
        return free;
    }

    private void assign(int from, int count, @Nullable String node) {
        for (int slot = from; slot < from + count; slot++) {
            owners[slot] = node;
        }
    }
}
