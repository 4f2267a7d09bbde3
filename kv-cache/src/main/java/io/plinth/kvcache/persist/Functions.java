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

        @Override
        public void keep(byte[] code) {
            // Nobody would ask for it.
        }
    };

    /** The source of each. */
    List<byte[]> all();

    /** Brings one back. */
    void load(byte[] code);

    /** Has one that cannot be brought back now among all, so that a later start may. */
    void keep(byte[] code);
}
