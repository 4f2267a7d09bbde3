package io.plinth.kvcache.cluster;

import java.util.List;

/** Who owns which slot and where to reach them; an immutable snapshot. */
public final class Topology {
    private final SlotAssignment table;
    private final List<Member> members;
    private final int self;
    private final int securePort;

    Topology(SlotAssignment table, List<Member> members, int self) {
        this(table, members, self, 0);
    }

    private Topology(SlotAssignment table, List<Member> members, int self, int securePort) {
        this.securePort = securePort;
        this.table = table;
        this.members = List.copyOf(members);
        this.self = self;
    }

    /** The same slots with the nodes at other addresses. */
    Topology at(List<Member> moved) {
        return new Topology(table, moved, self, securePort);
    }

    /** The same, this node's port being known only now that it is bound; {@code secure}: that of all nodes with TLS, or 0. */
    public Topology boundTo(int port, int secure) {
        List<Member> moved = new java.util.ArrayList<>(members);
        Member old = members.get(self);
        moved.set(self, new Member(old.name(), old.id(), old.host(), port));
        return new Topology(table, moved, self, secure);
    }

    /** The port of all nodes with TLS; 0 where there is none. */
    public int securePort() {
        return securePort;
    }

    /** Where a client reaches a node that came with TLS or without. */
    public int port(Member member, boolean secure) {
        return secure && securePort != 0 ? securePort : member.port();
    }

    /** Whether there is more than one node, so that clients have to know the slots. */
    public boolean clustered() {
        return members.size() > 1;
    }

    /** Whether this node owns a slot. */
    public boolean owns(int slot) {
        return table.owner(slot) == self;
    }

    /** The owner of a slot. */
    public Member owner(int slot) {
        return members.get(table.owner(slot));
    }

    /** All nodes, sorted by name. */
    public List<Member> members() {
        return members;
    }

    /** This node. */
    public Member self() {
        return members.get(self);
    }

    /** The runs of slots of the node at an index of {@link #members}. */
    public List<SlotRange> ranges(int member) {
        return table.ranges(member);
    }

    /** The table's epoch. */
    public long epoch() {
        return table.epoch();
    }
}
