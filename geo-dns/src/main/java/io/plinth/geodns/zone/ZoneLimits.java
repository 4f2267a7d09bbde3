package io.plinth.geodns.zone;

/**
 * How much one zone file may hold.
 *
 * @param records records in all
 * @param recordsPerSet records of one type at one name
 */
public record ZoneLimits(int records, int recordsPerSet) {}
