package io.plinth.kvcache.wire;

/**
 * What a client may send.
 *
 * @param maxBulk bytes of one argument
 * @param maxArgs arguments of one command
 * @param maxInline bytes of one line: an inline command, or a length
 * @param maxRequest bytes of one command
 */
public record WireLimits(int maxBulk, int maxArgs, int maxInline, int maxRequest) {}
