package io.plinth.kvcache.loader.behind;

/** Why writes are not accepted; where {@code unknown}, the disk may have them nevertheless; {@code full}: for want of room. */
public record Refusal(String reason, boolean unknown, boolean full) {}
