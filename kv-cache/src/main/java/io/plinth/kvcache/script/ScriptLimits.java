package io.plinth.kvcache.script;

/**
 * What one run may take.
 *
 * @param memory bytes its values may take
 * @param steps turns of loops and calls
 * @param busyMillis after which other clients are told that a script runs
 */
public record ScriptLimits(long memory, long steps, long busyMillis) {
    /** For tests and for nodes that say nothing. */
    public static final ScriptLimits DEFAULT = new ScriptLimits(64L << 20, 5_000_000_000L, 5_000);
}
