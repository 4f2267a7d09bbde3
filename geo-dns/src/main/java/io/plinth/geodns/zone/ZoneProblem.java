package io.plinth.geodns.zone;

/**
 * One mistake in a zone file.
 *
 * @param line from 1
 * @param message {@code what: value (expected: rule)}
 */
public record ZoneProblem(int line, String message) {}
