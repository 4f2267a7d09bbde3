package io.plinth.kvcache.command;

import org.jspecify.annotations.Nullable;

/** Shared by all loops: what CONFIG SET and a reload may change while the node runs. */
public final class Settings {
    private volatile @Nullable String password;
    private volatile String policy;

    private final KeyEvents events;

    public Settings(@Nullable String password, String policy, KeyEvents events) {
        this.events = events;
        this.password = password;
        this.policy = policy;
    }

    /** Which keyspace events are published. */
    public KeyEvents events() {
        return events;
    }

    /** What AUTH expects; null for nothing. */
    public @Nullable String password() {
        return password;
    }

    public void password(@Nullable String secret) {
        password = secret;
    }

    /** The eviction policy by the name it was given. */
    public String policy() {
        return policy;
    }

    public void policy(String name) {
        policy = name;
    }
}
