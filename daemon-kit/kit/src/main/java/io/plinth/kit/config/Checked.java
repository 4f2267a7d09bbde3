package io.plinth.kit.config;

/** A bound section that has rules beyond its keys' types: references, exclusions, sums. */
public interface Checked {
    /** Reports every broken rule to {@code check}; throws nothing. */
    void check(Check check);
}
