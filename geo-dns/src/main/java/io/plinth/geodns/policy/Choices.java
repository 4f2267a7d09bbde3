package io.plinth.geodns.policy;

/** What one policy answers, by the number of the client's order. Immutable; made anew when health changes. */
public final class Choices {
    private final GeoPolicy policy;
    private final Choice[] byOrder;

    Choices(GeoPolicy policy, Choice[] byOrder) {
        this.policy = policy;
        this.byOrder = byOrder;
    }

    public GeoPolicy policy() {
        return policy;
    }

    public Choice at(int order) {
        return byOrder[order];
    }
}
