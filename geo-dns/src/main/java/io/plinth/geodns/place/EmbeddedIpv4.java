package io.plinth.geodns.place;

import java.util.Arrays;

/** IPv6 addresses that carry the IPv4 address of the client, whose place is that of the IPv4 address. */
final class EmbeddedIpv4 {
    private static final int NONE = -1;
    private static final int IN_TAIL = 12;
    private static final byte[] NAT64 = {0, 0x64, (byte) 0xFF, (byte) 0x9B};

    private EmbeddedIpv4() {}

    /** The octet where the IPv4 address begins, or -1. */
    static int offset(byte[] ipv6) {
        if (ipv6[0] == 0x20 && ipv6[1] == 0x02) {
            return 2; // 6to4, RFC 3056
        }
        if (isTeredo(ipv6)) {
            return IN_TAIL;
        }
        if (Arrays.equals(ipv6, 0, 4, NAT64, 0, 4) && zero(ipv6, 4, 12)) {
            return IN_TAIL; // RFC 6052
        }
        if (zero(ipv6, 0, 10) && ipv6[10] == (byte) 0xFF && ipv6[11] == (byte) 0xFF) {
            return IN_TAIL; // IPv4-mapped, RFC 4291 section 2.5.5.2
        }
        if (zero(ipv6, 0, 8) && ipv6[8] == (byte) 0xFF && ipv6[9] == (byte) 0xFF && zero(ipv6, 10, 12)) {
            return IN_TAIL; // SIIT, RFC 7915
        }
        // IPv4-compatible, RFC 4291 section 2.5.5.1, without :: and ::1.
        return zero(ipv6, 0, 12) && !zero(ipv6, 12, 15) ? IN_TAIL : NONE;
    }

    /** The IPv4 address from {@code offset} on; Teredo hides it inverted (RFC 4380 section 4). */
    static byte[] extract(byte[] ipv6, int offset) {
        byte[] ipv4 = Arrays.copyOfRange(ipv6, offset, offset + 4);
        if (isTeredo(ipv6)) {
            for (int i = 0; i < ipv4.length; i++) {
                ipv4[i] = (byte) ~ipv4[i];
            }
        }
        return ipv4;
    }

    static boolean isTeredo(byte[] ipv6) {
        return ipv6[0] == 0x20 && ipv6[1] == 0x01 && ipv6[2] == 0 && ipv6[3] == 0;
    }

    private static boolean zero(byte[] octets, int from, int to) {
        for (int i = from; i < to; i++) {
            if (octets[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
