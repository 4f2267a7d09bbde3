package io.plinth.kvcache.persist.copy;

import java.time.Duration;

/**
 * What copies may take.
 *
 * @param most copies that are made or sent at a time
 * @param memory bytes of heap that what changed meanwhile takes while a file is put together
 * @param patience how long one may go without taking anything
 */
public record CopySettings(int most, long memory, Duration patience) {}
