package io.plinth.kvcache.loader.behind;

/** Why a loader has not got a write; {@code forGood}: it would say the same again. */
public record Failure(String reason, boolean forGood) {}
