package io.plinth.geodns.listen;

/**
 * What TCP connections may do.
 *
 * @param connections how many are open at once on the node
 * @param perAddress how many of them one address may have
 * @param idleNanos how long one may take between whole queries
 * @param querySize octets of one query
 */
public record TcpLimits(int connections, int perAddress, long idleNanos, int querySize) {}
