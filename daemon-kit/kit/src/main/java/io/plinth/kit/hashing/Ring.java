package io.plinth.kit.hashing;

import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * A weighted consistent-hash ring: 65,536 positions, each owned by the node that scores highest there among those whose
 * quota is not used up. Equal for equal nodes whatever their order. Immutable.
 *
 * <p>Classic rings with 160 points a node are 7 to 19 % out of balance; quotas hold every node within one position of
 * its weight, and the scores keep what a join or leave moves at about the node's own share.
 */
public final class Ring {
    private static final int POSITIONS = 1 << 16;

    private final String[] nodes;
    private final short[] owners;

    private Ring(String[] nodes, short[] owners) {
        this.nodes = nodes;
        this.owners = owners;
    }

    /**
     * Lays out a ring.
     *
     * @param weights a share of 1 or more for each node; at least one and at most 4096 nodes
     */
    public static Ring of(Map<String, Integer> weights) {
        if (weights.isEmpty() || weights.size() > 4096) {
            throw new IllegalArgumentException("nodes: " + weights.size() + " (expected: 1 to 4096)");
        }
        SortedMap<String, Integer> sorted = new TreeMap<>(weights);
        SortedMap<String, Integer> quotas = Quotas.of(POSITIONS, sorted, name -> 0);
        String[] nodes = sorted.keySet().toArray(String[]::new);
        long[] seeds = Arrays.stream(nodes).mapToLong(Mix::name).toArray();
        int[] left = quotas.values().stream().mapToInt(Integer::intValue).toArray();
        double[] share = sorted.values().stream().mapToDouble(w -> w).toArray();
        short[] owners = new short[POSITIONS];
        // An odd multiplier visits every position once, so that the last ones, where quotas run out, are spread evenly.
        for (int step = 0; step < POSITIONS; step++) {
            int position = step * 40_503 & POSITIONS - 1;
            owners[position] = (short) best(position, seeds, share, left);
            left[owners[position]]--;
        }
        return new Ring(nodes, owners);
    }

    /** Weighted rendezvous (Schindelhauer, Schomaker 2005): the highest -w / ln(h), h uniform in (0, 1). */
    private static int best(int position, long[] seeds, double[] share, int[] left) {
        int best = -1;
        double bestScore = -1;
        for (int node = 0; node < seeds.length; node++) {
            if (left[node] > 0) {
                double uniform = ((Mix.finish(seeds[node] ^ Mix.finish(position)) >>> 11) + 0.5) * 0x1.0p-53;
                double score = -share[node] / Math.log(uniform);
                if (score > bestScore) {
                    best = node;
                    bestScore = score;
                }
            }
        }
        return best;
    }

    /** The owner of a key by its hash; any 64-bit hash will do. */
    public String owner(long hash) {
        return nodes[owners[position(hash)]];
    }

    /**
     * The first node from the key's place on that is acceptable, as bounded load and failover need it; the key's owner
     * when none is.
     *
     * @param accepts asked at most once per node, by its index in {@link #nodes()} order
     */
    public String owner(long hash, IntPredicate accepts) {
        int start = position(hash);
        boolean[] asked = new boolean[nodes.length];
        int open = nodes.length;
        for (int i = 0; open > 0 && i < POSITIONS; i++) {
            int node = owners[start + i & POSITIONS - 1];
            if (!asked[node]) {
                if (accepts.test(node)) {
                    return nodes[node];
                }
                asked[node] = true;
                open--;
            }
        }
        return nodes[owners[start]];
    }

    /** Node names, sorted. */
    public java.util.List<String> nodes() {
        return java.util.List.of(nodes);
    }

    private static int position(long hash) {
        return (int) (Mix.finish(hash) >>> 48);
    }
}
