package io.plinth.kvcache.command;

import org.jspecify.annotations.Nullable;

/** Shared by all loops: what CONFIG SET and a reload may change while the node runs. */
public final class Settings {
    private volatile @Nullable String password;
    private volatile String policy;

    public Settings(@Nullable String password, String policy) {
        this.password = password;
        this.policy = policy;
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
