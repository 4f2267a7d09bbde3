package io.plinth.deploy.plan;

import io.plinth.kit.config.HostPort;

/**
 * An address that a unit will listen on.
 *
 * @param unit the node's name
 * @param listener what listens there: {@code client}, {@code admin}, a listener's name
 * @param key the key in the file that changes it
 * @param at the address
 * @param udp whether UDP is bound there as well
 */
public record Claim(String unit, String listener, String key, HostPort at, boolean udp) {
    /** What every daemon calls the listener for the operator. */
    public static final String ADMIN = "admin";
}
