package io.plinth.mqbroker.management.prometheus;

import java.util.function.LongSupplier;

/** How many octets messages may take, and below how many free ones publishers are blocked. */
public record NodeLimits(LongSupplier memory, LongSupplier disk) {}
