package io.plinth.kit.health;

/**
 * What a probe found.
 *
 * @param reason for people: {@code 200 OK}, {@code no answer within 1000 ms}
 */
public record ProbeResult(boolean success, String reason) {}
