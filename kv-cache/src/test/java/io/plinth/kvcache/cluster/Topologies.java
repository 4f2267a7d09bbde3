package io.plinth.kvcache.cluster;

import java.util.ArrayList;
import java.util.List;

/** Topologies for tests that need no file. */
public final class Topologies {
    private Topologies() {}

    /** One node that owns everything. */
    public static Topology alone() {
        return of(1, 0);
    }

    /** Equal blocks for this many nodes, seen from one of them. */
    public static Topology of(int nodes, int self) {
        List<String> names = new ArrayList<>();
        List<Member> members = new ArrayList<>();
        short[] owners = new short[16_384];
        for (int i = 0; i < nodes; i++) {
            names.add("n" + i);
            members.add(new Member("n" + i, Member.id("test", "n" + i), "10.0.0." + i, 7000 + i));
        }
        for (int slot = 0; slot < owners.length; slot++) {
            owners[slot] = (short) (slot * nodes / owners.length);
        }
        return new Topology(new SlotAssignment(3, names, owners), members, self);
    }
}
