package io.plinth.dbproxy.auth;

/**
 * What proves a user to a server that stores the same verifier as we do: learned from the client's own proof. Compared by
 * identity.
 */
public record ScramKeys(byte[] clientKey, byte[] serverKey) {
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return "***";
    }
}
