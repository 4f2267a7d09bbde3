package io.plinth.geodns.wire;

import java.util.Arrays;

/**
 * What stands behind the question of a response, ready-made for one name and good for every name below it: only the
 * pointers move by as much as the question is longer. Immutable; never holds a pointer that must not move.
 */
public final class ReadyTail {
    private final byte[] octets;
    private final short[] pointers;
    private final int baseLength;
    private final int authorities;
    private final int additionals;

    ReadyTail(byte[] octets, short[] pointers, int baseLength, int authorities, int additionals) {
        this.octets = octets;
        this.pointers = pointers;
        this.baseLength = baseLength;
        this.authorities = authorities;
        this.additionals = additionals;
    }

    /** An authority section of one set, such as the SOA of negative answers (RFC 2308 section 3). */
    public static ReadyTail authority(RecordSet set) {
        ResponseEncoder encoder = new ResponseEncoder(ResponseEncoder.MAX_MESSAGE, new byte[0]);
        Response response = new Response();
        response.authority().add(set.owner(), set);
        return encoder.ready(set.owner(), response);
    }

    /** A referral from a cut, with its glue. */
    public static ReadyTail referral(Name cut, Response response) {
        return new ResponseEncoder(ResponseEncoder.MAX_MESSAGE, new byte[0]).ready(cut, response);
    }

    int length() {
        return octets.length;
    }

    int authorities() {
        return authorities;
    }

    int additionals() {
        return additionals;
    }

    /** Copies the sections behind a question whose name has {@code nameLength} octets; {@code at} is where they go. */
    void write(byte[] out, int at, int nameLength) {
        System.arraycopy(octets, 0, out, at, octets.length);
        int longer = nameLength - baseLength;
        if (longer != 0) {
            for (short pointer : pointers) {
                Octets.putShort(out, at + pointer, Octets.unsignedShort(octets, pointer) + longer);
            }
        }
    }

    @Override
    public String toString() {
        return "ready tail of " + octets.length + " octets, pointers at " + Arrays.toString(pointers);
    }
}
