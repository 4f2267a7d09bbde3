package io.plinth.geodns.load;

/** The numbers things are counted under. */
public record Registry(Numbers zones, Numbers policies, Numbers members) {
    public Registry() {
        this(new Numbers(), new Numbers(), new Numbers());
    }
}
