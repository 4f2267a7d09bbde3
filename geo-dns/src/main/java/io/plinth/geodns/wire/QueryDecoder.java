package io.plinth.geodns.wire;

import java.util.Arrays;

/**
 * Owned by one event loop: reads one whole message at a time into a {@link Query}. Never throws for what a client may
 * send, and allocates nothing.
 *
 * <pre>
 *  id(16) flags(16) qdcount(16) ancount(16) nscount(16) arcount(16)   question   records of three sections
 * </pre>
 */
public final class QueryDecoder {
    /** Octets of a header. */
    static final int HEADER = 12;

    /** RFC 5001. */
    static final int NSID = 3;
    /** RFC 7871. */
    static final int CLIENT_SUBNET = 8;
    /** RFC 7873. */
    static final int COOKIE = 10;

    private static final int QR = 0x8000;
    private static final int OPCODE = 0x7800;
    private static final int ROOT_OWNER = 0;
    private static final int BAD = -1;
    private static final int SMALLEST_SERVER_COOKIE = 8;

    private byte[] in = {};
    private int at;
    private int end;

    /**
     * Decodes {@code length} octets from {@code from} on.
     *
     * @return whether it may be answered at all: false for what has no whole header or is itself a response
     */
    public boolean decode(byte[] message, int from, int length, Query query) {
        if (length < HEADER) {
            return false;
        }
        in = message;
        at = from;
        end = from + length;
        int flags = Octets.unsignedShort(in, at + 2);
        if ((flags & QR) != 0) {
            return false;
        }
        query.clear();
        query.id = Octets.unsignedShort(in, at);
        query.flags = flags;
        boolean whole = read(query);
        if ((flags & OPCODE) == 0) {
            query.error = whole ? ResponseCode.NOERROR : ResponseCode.FORMERR;
            return true;
        }
        if (!whole) {
            // Another operation may have other sections: nothing of them comes back.
            query.clear();
        }
        query.error = ResponseCode.NOTIMP;
        return true;
    }

    private boolean read(Query query) {
        int questions = Octets.unsignedShort(in, at + 4);
        int answers = Octets.unsignedShort(in, at + 6);
        int authorities = Octets.unsignedShort(in, at + 8);
        int additionals = Octets.unsignedShort(in, at + 10);
        at += HEADER;
        return questions <= 1
                && (questions == 0 || question(query))
                && answers == 0
                && skipRecords(authorities)
                && additionals(additionals, query)
                && at == end
                // Without a question only a server cookie can be asked for (RFC 7873 section 5.4).
                && (questions == 0 ? query.cookieLength != 0 : !isMessageType(query.type));
    }

    /** Types that are part of a message and so can never be asked for. */
    private static boolean isMessageType(int type) {
        return type == 0 || type == RecordType.OPT || type == RecordType.TKEY || type == RecordType.TSIG;
    }

    private boolean question(Query query) {
        int start = at;
        if (!name() || end - at < 4) {
            return false;
        }
        query.nameLength = at - start;
        System.arraycopy(in, start, query.name, 0, query.nameLength);
        query.type = Octets.unsignedShort(in, at);
        query.klass = Octets.unsignedShort(in, at + 2);
        at += 4;
        query.hasQuestion = true;
        query.index();
        return true;
    }

    /** The question's name: it is the first of the message, so there is nothing a pointer could point at. */
    private boolean name() {
        int start = at;
        while (at < end) {
            int length = in[at] & 0xFF;
            if (length > Name.MAX_LABEL || at + 1 + length - start > Name.MAX_LENGTH) {
                return false;
            }
            at += 1 + length;
            if (length == 0) {
                return true;
            }
        }
        return false;
    }

    /** Steps over an owner name; how many octets it had before a pointer or the root label, or {@link #BAD}. */
    private int skipName() {
        int octets = 0;
        while (at < end) {
            int length = in[at] & 0xFF;
            if ((length & 0xC0) == 0xC0) {
                at += 2;
                return at <= end ? octets + 1 : BAD;
            }
            if (length > Name.MAX_LABEL) {
                return BAD;
            }
            at += 1 + length;
            if (length == 0) {
                return octets;
            }
            octets += 1 + length;
            if (octets >= Name.MAX_LENGTH) {
                return BAD;
            }
        }
        return BAD;
    }

    private boolean skipRecords(int count) {
        for (int i = 0; i < count; i++) {
            if (skipName() == BAD || end - at < 10) {
                return false;
            }
            at += 10 + Octets.unsignedShort(in, at + 8);
            if (at > end) {
                return false;
            }
        }
        return true;
    }

    private boolean additionals(int count, Query query) {
        for (int i = 0; i < count; i++) {
            int owner = skipName();
            if (owner == BAD || end - at < 10) {
                return false;
            }
            int type = Octets.unsignedShort(in, at);
            int length = Octets.unsignedShort(in, at + 8);
            if (end - at - 10 < length) {
                return false;
            }
            if (type == RecordType.OPT && (owner != ROOT_OWNER || query.edns || !opt(length, query))) {
                return false;
            }
            if (type != RecordType.OPT) {
                at += 10 + length;
            }
        }
        return true;
    }

    /** Reads an OPT record from its type on; keeps its head even where an option is bad, so that the error carries OPT. */
    private boolean opt(int length, Query query) {
        query.edns = true;
        query.payloadSize = Octets.unsignedShort(in, at + 2);
        query.version = in[at + 5] & 0xFF;
        query.dnssecOk = (in[at + 6] & 0x80) != 0;
        at += 10;
        int stop = at + length;
        if (query.version != 0) {
            // The options of a version we do not know are not ours to read (RFC 6891 section 6.1.3).
            at = stop;
            return true;
        }
        while (at < stop) {
            if (stop - at < 4) {
                return forget(query);
            }
            int code = Octets.unsignedShort(in, at);
            int size = Octets.unsignedShort(in, at + 2);
            at += 4;
            if (stop - at < size || !option(code, size, query)) {
                return forget(query);
            }
            at += size;
        }
        return true;
    }

    /** An error answers no option. */
    private static boolean forget(Query query) {
        query.subnetFamily = Query.NO_SUBNET;
        query.subnetPrefix = 0;
        query.cookieLength = 0;
        query.nsid = false;
        return false;
    }

    private boolean option(int code, int size, Query query) {
        return switch (code) {
            case CLIENT_SUBNET -> query.subnetFamily == Query.NO_SUBNET && clientSubnet(size, query);
            // Of several only the first counts (RFC 7873 section 5.2).
            case COOKIE -> query.cookieLength != 0 || cookie(size, query);
            case NSID -> {
                query.nsid = true;
                yield true;
            }
            default -> true;
        };
    }

    /** RFC 7873 section 5.2.2: lengths that cannot be are format errors. */
    private boolean cookie(int size, Query query) {
        if (size != Query.CLIENT_COOKIE
                && (size < Query.CLIENT_COOKIE + SMALLEST_SERVER_COOKIE || size > Query.LARGEST_COOKIE)) {
            return false;
        }
        System.arraycopy(in, at, query.cookie, 0, size);
        query.cookieLength = size;
        return true;
    }

    /** RFC 7871 section 6: wrong sizes, bits beyond the prefix and a scope in a query are format errors. */
    private boolean clientSubnet(int size, Query query) {
        if (size < 4) {
            return false;
        }
        int family = Octets.unsignedShort(in, at);
        int source = in[at + 2] & 0xFF;
        int scope = in[at + 3];
        int width = family == 1 ? 4 : family == 2 ? 16 : 0;
        int given = size - 4;
        if (family > 2 || source > width * 8 || scope != 0 || given != (source + 7) / 8) {
            return false;
        }
        if (source % 8 != 0 && (in[at + 3 + given] & (0xFF >>> (source % 8))) != 0) {
            return false;
        }
        byte[] address = family == 1 ? query.subnet4 : query.subnet16;
        Arrays.fill(address, (byte) 0);
        System.arraycopy(in, at + 4, address, 0, given);
        query.subnetFamily = family;
        query.subnetPrefix = source;
        return true;
    }
}
