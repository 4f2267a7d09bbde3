package io.plinth.geodns.zone;

/**
 * One mistake in a zone file.
 *
 * @param line from 1
 * @param message {@code what: value (expected: rule)}
 * @param file the included file it is in; empty for the zone file itself
 */
public record ZoneProblem(int line, String message, String file) {
    ZoneProblem(int line, String message) {
        this(line, message, "");
    }
}
