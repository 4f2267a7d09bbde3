package io.plinth.kvcache.persist;

import java.util.List;

/** The libraries of functions that are kept beside the keys; from any thread. */
public interface Functions {
    /** None. */
    Functions NONE = new Functions() {
        @Override
        public List<byte[]> all() {
            return List.of();
        }

        @Override
        public void load(byte[] code) {
            throw new IllegalStateException("function: a library (expected: none)");
        }
    };

    /** The source of each. */
    List<byte[]> all();

    /** Brings one back. */
    void load(byte[] code);
}
