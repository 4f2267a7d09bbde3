package io.plinth.geodns.alias;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Octets;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A resolver's answer: addresses, for how long they hold and for which part of the client's network. Immutable.
 *
 * @param ttl seconds, the least of all records on the way
 */
record AliasAnswer(List<Rdata> addresses, int ttl, int scope) {
    private static final int HEADER = 12;
    private static final int RESPONSE = 0x8000;
    private static final int RESPONSE_TRUNCATED = 0x8200;
    private static final int MOST = 64;
    private static final int CLIENT_SUBNET = 8;

    /** Reads a message; null where it is no good answer to this question, or only a part of one. */
    static @Nullable AliasAnswer read(byte[] in, int id, Name name, int type) {
        if (in.length < HEADER
                || Octets.unsignedShort(in, 0) != id
                || (Octets.unsignedShort(in, 2) & RESPONSE_TRUNCATED) != RESPONSE
                || Octets.unsignedShort(in, 4) != 1) {
            return null;
        }
        int code = in[3] & 0xF;
        try {
            int at = HEADER;
            if (!Name.read(in, at, in.length).equals(name) || (code != 0 && code != 3)) {
                return null;
            }
            at += name.length() + 4;
            int answers = Octets.unsignedShort(in, 6);
            int all = answers + Octets.unsignedShort(in, 8) + Octets.unsignedShort(in, 10);
            List<Rdata> addresses = new ArrayList<>();
            int ttl = Integer.MAX_VALUE;
            int scope = 0;
            for (int i = 0; i < all; i++) {
                at = skipName(in, at);
                int kind = Octets.unsignedShort(in, at);
                int length = Octets.unsignedShort(in, at + 8);
                if (i < answers) {
                    ttl = Math.min(ttl, Math.max(0, Octets.intAt(in, at + 4)));
                    if (kind == type && length == (type == RecordType.A ? 4 : 16) && addresses.size() < MOST) {
                        addresses.add(Rdata.of(Arrays.copyOfRange(in, at + 10, at + 10 + length)));
                    }
                } else if (kind == RecordType.OPT) {
                    scope = scope(in, at + 10, at + 10 + length);
                }
                at += 10 + length;
            }
            return at > in.length ? null : new AliasAnswer(List.copyOf(addresses), ttl, scope);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            return null;
        }
    }

    private static int skipName(byte[] in, int from) {
        int at = from;
        while (in[at] > 0) {
            at += in[at] + 1;
        }
        return in[at] == 0 ? at + 1 : at + 2;
    }

    private static int scope(byte[] in, int from, int end) {
        for (int at = from; at + 4 <= end; at += 4 + Octets.unsignedShort(in, at + 2)) {
            if (Octets.unsignedShort(in, at) == CLIENT_SUBNET && Octets.unsignedShort(in, at + 2) >= 4) {
                return in[at + 7] & 0xFF;
            }
        }
        return 0;
    }
}
