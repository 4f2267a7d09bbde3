package io.plinth.deploy.process;

/**
 * A process that cannot be mistaken for a later one with the same number.
 *
 * @param pid its number
 * @param startTicks when it started, in clock ticks after the boot
 * @param boot the boot it belongs to
 */
public record ProcessId(long pid, long startTicks, String boot) {}
