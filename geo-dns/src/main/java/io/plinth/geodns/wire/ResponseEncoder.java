package io.plinth.geodns.wire;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Owned by one event loop: writes one response at a time, names compressed, whole or truncated to nothing. */
public final class ResponseEncoder {
    /** The largest message (RFC 1035 section 4.2.2). */
    public static final int MAX_MESSAGE = 65_535;

    /** The largest UDP response to a query without EDNS (RFC 1035 section 4.2.1). */
    public static final int PLAIN_UDP = 512;

    /** What an array to write into has to have beyond the limit: a record is written before it is found not to fit. */
    public static final int SLACK = 2 * 66_000;

    private static final int QR = 0x8000;
    private static final int AA = 0x0400;
    private static final int TC = 0x0200;
    /** Opcode and RD come back as they were (RFC 1035 section 4.1.1); CD is cleared (RFC 4035 section 3.1.6). */
    private static final int ECHOED = 0x7800 | 0x0100;

    private static final int HEADER = QueryDecoder.HEADER;
    private static final int OPT_HEAD = 11;
    private static final int OPTION_HEAD = 4;
    private static final int EXTENDED_ERROR = 15;
    private static final int COOKIE_LENGTH = Query.CLIENT_COOKIE + Query.SERVER_COOKIE;

    private final NameCompressor names = new NameCompressor();
    private final int payloadSize;
    private final byte[] nsid;
    private byte[] out = {};
    private int start;
    private int at;

    /**
     * An encoder that tells clients the largest UDP query worth sending.
     *
     * @param payloadSize also the largest UDP response
     * @param nsid who answers, for clients that ask (RFC 5001); empty to keep that secret
     */
    public ResponseEncoder(int payloadSize, byte[] nsid) {
        this.payloadSize = payloadSize;
        this.nsid = nsid.clone();
    }

    /** The largest UDP response this query may get. */
    public int udpLimit(Query query) {
        return query.edns ? Math.max(PLAIN_UDP, Math.min(query.payloadSize, payloadSize)) : PLAIN_UDP;
    }

    /** Writes an error without records; always fits. Returns where it ends. */
    public int encode(Query query, ResponseCode code, @Nullable ExtendedError why, byte[] into, int from) {
        begin(into, from);
        header(query, 0, code, 0, 0, 0);
        question(query);
        opt(query, code, why, 0);
        return at;
    }

    /** Writes nothing but the TC bit, so that the client comes back over TCP. Returns where it ends. */
    public int truncated(Query query, Response response, byte[] into, int from) {
        begin(into, from);
        header(query, TC | (response.authoritative() ? AA : 0), response.code(), 0, 0, 0);
        question(query);
        opt(query, response.code(), response.extended(), response.scope());
        return at;
    }

    /**
     * Writes a response of at most {@code limit} octets.
     *
     * @return where it ends; {@code from} when it does not fit: nothing is ever left out of a section (RFC 2181 section 9)
     */
    public int encode(Query query, Response response, byte[] into, int from, int limit) {
        begin(into, from);
        int flags = response.authoritative() ? AA : 0;
        int budget = limit - optLength(query, response.extended());
        RecordSet set = response.set();
        ReadyTail tail = response.tail();
        int body = HEADER + query.nameLength + 4;
        if (set != null) {
            int stride = set.stride();
            int length = stride == 0 ? set.wire().length : stride * response.some();
            if (body + length > budget) {
                return from;
            }
            header(query, flags, response.code(), stride == 0 ? set.count() : response.some(), 0, 0);
            question(query);
            copy(set.wire(), stride * response.first(), length);
        } else if (tail != null) {
            if (body + tail.length() > budget) {
                return from;
            }
            header(query, flags, response.code(), 0, tail.authorities(), tail.additionals());
            question(query);
            tail.write(out, at, query.nameLength);
            at += tail.length();
        } else if (!sections(query, response, flags, budget)) {
            return from;
        }
        opt(query, response.code(), response.extended(), response.scope());
        return at;
    }

    /** {@code length} octets of a ring of records, from {@code first} on. */
    private void copy(byte[] wire, int first, int length) {
        int straight = Math.min(length, wire.length - first);
        System.arraycopy(wire, first, out, at, straight);
        System.arraycopy(wire, 0, out, at + straight, length - straight);
        at += length;
    }

    private boolean sections(Query query, Response response, int flags, int budget) {
        names.clear();
        header(query, flags, response.code(), 0, 0, 0);
        question(query);
        if (response.answer().size() + response.authority().size() > 0) {
            names.know(query.toName(), HEADER);
        }
        int answers = section(response.answer(), query.id, budget);
        int authorities = answers < 0 ? -1 : section(response.authority(), query.id, budget);
        // Additionals are only ever the glue of a referral, without which it is of no use (RFC 9471 section 3).
        int additionals = authorities < 0 ? -1 : section(response.additional(), query.id, budget);
        if (additionals < 0) {
            return false;
        }
        Octets.putShort(out, start + 6, answers);
        Octets.putShort(out, start + 8, authorities);
        Octets.putShort(out, start + 10, additionals + (query.edns ? 1 : 0));
        return true;
    }

    /** The sections of a response to a question of {@code base}, ready-made. For loading. */
    ReadyTail ready(Name base, Response response) {
        begin(new byte[MAX_MESSAGE + SLACK], 0);
        names.clear();
        names.know(base, HEADER);
        int from = HEADER + base.length() + 4;
        at = from;
        int authorities = section(response.authority(), 0, MAX_MESSAGE);
        int additionals = authorities < 0 ? -1 : section(response.additional(), 0, MAX_MESSAGE);
        if (additionals < 0) {
            throw new IllegalArgumentException(
                    "records: more at " + base + " than a message can carry (expected: at most 65535 octets)");
        }
        short[] pointers = names.pointers();
        for (int i = 0; i < pointers.length; i++) {
            pointers[i] = (short) ((pointers[i] & 0xFFFF) - from);
        }
        return new ReadyTail(Arrays.copyOfRange(out, from, at), pointers, base.length(), authorities, additionals);
    }

    private void begin(byte[] into, int from) {
        out = into;
        start = from;
        at = from;
    }

    private void header(Query query, int flags, ResponseCode code, int answers, int authorities, int additionals) {
        Octets.putShort(out, at, query.id);
        Octets.putShort(out, at + 2, QR | (query.flags & ECHOED) | flags | (code.code() & 0xF));
        Octets.putShort(out, at + 4, query.hasQuestion ? 1 : 0);
        Octets.putShort(out, at + 6, answers);
        Octets.putShort(out, at + 8, authorities);
        Octets.putShort(out, at + 10, additionals + (query.edns ? 1 : 0));
        at += HEADER;
    }

    /** As it came, letter by letter: some clients know their answer by the case (0x20). */
    private void question(Query query) {
        if (query.hasQuestion) {
            System.arraycopy(query.name, 0, out, at, query.nameLength);
            at += query.nameLength;
            Octets.putShort(out, at, query.type);
            Octets.putShort(out, at + 2, query.klass);
            at += 4;
        }
    }

    /** How many records were written, or -1 when they do not fit. */
    private int section(Response.Section section, int turn, int budget) {
        int count = 0;
        for (int i = 0; i < section.size(); i++) {
            RecordSet set = section.set(i);
            java.util.List<Rdata> records = set.records();
            int size = records.size();
            int first = set.rotates() ? turn % size : 0;
            for (int j = 0; j < size; j++) {
                record(section.owner(i), set, records.get(first + j < size ? first + j : first + j - size));
                if (at - start > budget) {
                    return -1;
                }
            }
            count += size;
        }
        return count;
    }

    private void record(Name owner, RecordSet set, Rdata data) {
        at = names.write(owner, out, at, start);
        Octets.putShort(out, at, set.type());
        Octets.putShort(out, at + 2, Query.IN);
        Octets.putInt(out, at + 4, set.ttl());
        int lengthAt = at + 8;
        at += 10;
        append(data.lead(), data.lead().length);
        for (Name name : data.names()) {
            at = names.write(name, out, at, start);
        }
        append(data.tail(), data.tail().length);
        Octets.putShort(out, lengthAt, at - lengthAt - 2);
    }

    private void append(byte[] octets, int length) {
        System.arraycopy(octets, 0, out, at, length);
        at += length;
    }

    private int optLength(Query query, @Nullable ExtendedError why) {
        if (!query.edns) {
            return 0;
        }
        int length = OPT_HEAD;
        if (query.subnetFamily != Query.NO_SUBNET) {
            length += OPTION_HEAD + 4 + (query.subnetPrefix + 7) / 8;
        }
        if (query.answersCookie()) {
            length += OPTION_HEAD + COOKIE_LENGTH;
        }
        if (query.nsid && nsid.length > 0) {
            length += OPTION_HEAD + nsid.length;
        }
        return why == null ? length : length + OPTION_HEAD + 2;
    }

    /** OPT goes only where OPT came (RFC 6891 section 6.1.1). */
    private void opt(Query query, ResponseCode code, @Nullable ExtendedError why, int scope) {
        if (!query.edns) {
            return;
        }
        out[at] = 0;
        Octets.putShort(out, at + 1, RecordType.OPT);
        Octets.putShort(out, at + 3, payloadSize);
        out[at + 5] = (byte) (code.code() >>> 4);
        out[at + 6] = 0;
        Octets.putShort(out, at + 7, query.dnssecOk ? 0x8000 : 0);
        int lengthAt = at + 9;
        at += OPT_HEAD;
        if (query.subnetFamily != Query.NO_SUBNET) {
            subnet(query, scope);
        }
        if (query.answersCookie()) {
            option(QueryDecoder.COOKIE, COOKIE_LENGTH);
            append(query.cookie, Query.CLIENT_COOKIE);
            append(query.serverCookie(), Query.SERVER_COOKIE);
        }
        if (query.nsid && nsid.length > 0) {
            option(QueryDecoder.NSID, nsid.length);
            append(nsid, nsid.length);
        }
        if (why != null) {
            option(EXTENDED_ERROR, 2);
            Octets.putShort(out, at, why.code());
            at += 2;
        }
        Octets.putShort(out, lengthAt, at - lengthAt - 2);
    }

    private void option(int code, int length) {
        Octets.putShort(out, at, code);
        Octets.putShort(out, at + 2, length);
        at += OPTION_HEAD;
    }

    /** The subnet goes only where it came (RFC 7871 section 7.2.1). */
    private void subnet(Query query, int scope) {
        int octets = (query.subnetPrefix + 7) / 8;
        option(QueryDecoder.CLIENT_SUBNET, 4 + octets);
        Octets.putShort(out, at, query.subnetFamily);
        out[at + 2] = (byte) query.subnetPrefix;
        // A client that gave no bits must get scope 0 (RFC 7871 section 7.2.1).
        out[at + 3] = (byte) (query.subnetPrefix == 0 ? 0 : scope);
        at += 4;
        append(query.subnetFamily == 1 ? query.subnet4 : query.subnet16, octets);
    }
}
