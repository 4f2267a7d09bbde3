package io.plinth.geodns.wire;

/**
 * The client-subnet option of a query (RFC 7871 section 6), checked: the address has exactly the octets that the
 * prefix needs, and no bit beyond it.
 *
 * @param family 1 for IPv4, 2 for IPv6, 0 for none (then the prefix is 0)
 * @param sourcePrefix how many bits of the address are given
 * @param address those bits, filled up with zeros to 4 or 16 octets; empty for family 0
 */
public record ClientSubnet(int family, int sourcePrefix, byte[] address) {
    /** The option's number. */
    public static final int CODE = 8;

    static final int IPV4 = 1;
    static final int IPV6 = 2;

    /** How many octets of the address stand on the wire. */
    int addressOctets() {
        return (sourcePrefix + 7) / 8;
    }
}
