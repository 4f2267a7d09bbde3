package io.plinth.geodns.guard;

import io.plinth.geodns.wire.Octets;

/**
 * Owned by one event loop: the PROXY protocol, version 2, in front of a datagram.
 *
 * <pre>
 *  signature(96)  version and command(8)  family(8)  length(16)  addresses, fields
 * </pre>
 */
public final class ProxyHeader {
    private static final long SIGNATURE_HIGH = 0x0D0A0D0A000D0A51L;
    private static final int SIGNATURE_LOW = 0x5549540A;
    private static final int HEAD = 16;
    private static final int LOCAL = 0x20;
    private static final int PROXY = 0x21;

    private final byte[] ipv4 = new byte[4];
    private final byte[] ipv6 = new byte[16];
    private byte[] client = ipv4;
    private boolean local;

    /** Reads a header; how many octets it has, or 0 where there is none that makes sense. */
    public int read(byte[] in, int from, int length) {
        if (length < HEAD || Octets.longAt(in, from) != SIGNATURE_HIGH || Octets.intAt(in, from + 8) != SIGNATURE_LOW) {
            return 0;
        }
        int command = in[from + 12] & 0xFF;
        int family = (in[from + 13] & 0xFF) >>> 4;
        int size = HEAD + Octets.unsignedShort(in, from + 14);
        if (size > length || (command != LOCAL && command != PROXY)) {
            return 0;
        }
        int addresses = family == 1 ? 12 : family == 2 ? 36 : 0;
        // The proxy's own probes, and what has no address: the sender is who it is.
        local = command == LOCAL || addresses == 0;
        if (!local) {
            if (size < HEAD + addresses) {
                return 0;
            }
            client = family == 1 ? ipv4 : ipv6;
            System.arraycopy(in, from + HEAD, client, 0, client.length);
        }
        return size;
    }

    /** Whom the last header spoke for; {@code sender} where for itself. */
    public byte[] client(byte[] sender) {
        return local ? sender : client;
    }
}
