package io.plinth.kvcache.lua.code;

/** A function's code and what a call of it needs. Immutable once parsed, shared by all threads. */
final class Prototype {
    final String chunk;
    final Stat body;
    final Local[] parameters;
    final boolean vararg;
    /** Where the table {@code arg} goes, or null where the function does not have it. */
    final @org.jspecify.annotations.Nullable Local arg;

    final int slots;
    /** For each upvalue: a slot of the enclosing function, or -1 - the number of its upvalue. */
    final int[] captures;

    final int weight;

    Prototype(
            String chunk,
            Stat body,
            Local[] parameters,
            boolean vararg,
            @org.jspecify.annotations.Nullable Local arg,
            int slots,
            int[] captures,
            int weight) {
        this.chunk = chunk;
        this.body = body;
        this.parameters = parameters;
        this.vararg = vararg;
        this.arg = arg;
        this.slots = slots;
        this.captures = captures;
        this.weight = weight;
    }
}
