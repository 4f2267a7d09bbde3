package io.plinth.geodns.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Owned by one event loop and used again for each query: who asks, and how much of the address the answer depends on. */
public final class Client {
    private final RandomGenerator random;
    private final @Nullable List<String> trace;
    private byte[] address = new byte[4];
    private int bits;
    private int scope;

    /** A client whose chances come from {@code random}. */
    public Client(RandomGenerator random) {
        this(random, null);
    }

    private Client(RandomGenerator random, @Nullable List<String> trace) {
        this.random = random;
        this.trace = trace;
    }

    /** One that notes which way it is sent, for explaining. */
    public static Client traced(RandomGenerator random) {
        return new Client(random, new ArrayList<>());
    }

    /** Becomes who asks now: the address has 4 or 16 octets, of which {@code known} bits are the client's. */
    public void become(byte[] octets, int known) {
        address = octets;
        bits = known;
        scope = 0;
    }

    public byte[] address() {
        return address;
    }

    public int bits() {
        return bits;
    }

    /** How many bits of the address the choices so far depend on. */
    public int scope() {
        return scope;
    }

    /** The answer depends on that many bits. */
    public void narrow(int prefix) {
        scope = Math.max(scope, prefix);
    }

    /** Below {@code bound}. */
    public int chance(int bound) {
        return random.nextInt(bound);
    }

    RandomGenerator random() {
        return random;
    }

    /** The steps so far; empty unless traced. */
    public List<String> steps() {
        return trace == null ? List.of() : List.copyOf(trace);
    }

    boolean isTraced() {
        return trace != null;
    }

    void note(String step) {
        if (trace != null) {
            trace.add(step);
        }
    }
}
