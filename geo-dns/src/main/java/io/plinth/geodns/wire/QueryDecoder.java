package io.plinth.geodns.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one event loop: reads one whole message at a time and leaves the buffer as it was. Never throws for what a
 * client may send.
 *
 * <pre>
 *  id(16) flags(16) qdcount(16) ancount(16) nscount(16) arcount(16)   question   records of three sections
 * </pre>
 */
public final class QueryDecoder {
    /** Octets of a header. */
    static final int HEADER = 12;

    private static final int QR = 0x8000;
    private static final int OPCODE = 0x7800;
    private static final int ROOT_OWNER = 0;
    private static final int BAD = -1;

    private final byte[] nameBuffer = new byte[Name.MAX_LENGTH];
    private ByteBuf in = Unpooled.EMPTY_BUFFER;
    private int at;
    private int end;
    private @Nullable Edns edns;

    /** Decodes what is readable. */
    public Decoded decode(ByteBuf message) {
        in = message;
        at = message.readerIndex();
        end = message.writerIndex();
        edns = null;
        try {
            return decode();
        } finally {
            in = Unpooled.EMPTY_BUFFER;
        }
    }

    private Decoded decode() {
        if (end - at < HEADER) {
            return Decoded.Ignored.INSTANCE;
        }
        int id = in.getUnsignedShort(at);
        int flags = in.getUnsignedShort(at + 2);
        if ((flags & QR) != 0) {
            return Decoded.Ignored.INSTANCE;
        }
        if ((flags & OPCODE) != 0) {
            return new Decoded.Invalid(id, flags, ResponseCode.NOTIMP, null, null);
        }
        int questions = in.getUnsignedShort(at + 4);
        int answers = in.getUnsignedShort(at + 6);
        int authorities = in.getUnsignedShort(at + 8);
        int additionals = in.getUnsignedShort(at + 10);
        at += HEADER;
        Question question = questions == 1 ? question() : null;
        if (question == null
                || answers != 0
                || !skipRecords(authorities)
                || !additionals(additionals)
                || at != end
                || isMessageType(question.type())) {
            return new Decoded.Invalid(id, flags, ResponseCode.FORMERR, question, edns);
        }
        return new Decoded.Query(id, flags, question, edns);
    }

    /** Types that are part of a message and so can never be asked for. */
    private static boolean isMessageType(int type) {
        return type == 0 || type == RecordType.OPT || type == RecordType.TKEY || type == RecordType.TSIG;
    }

    private @Nullable Question question() {
        Name name = name();
        if (name == null || end - at < 4) {
            return null;
        }
        int type = in.getUnsignedShort(at);
        int klass = in.getUnsignedShort(at + 2);
        at += 4;
        return new Question(name, type, klass);
    }

    /** The question's name: it is the first of the message, so there is nothing a pointer could point at. */
    private @Nullable Name name() {
        int start = at;
        while (at < end) {
            int length = in.getUnsignedByte(at);
            if (length > Name.MAX_LABEL || at + 1 + length - start > Name.MAX_LENGTH) {
                return null;
            }
            at += 1 + length;
            if (length == 0) {
                int size = at - start;
                in.getBytes(start, nameBuffer, 0, size);
                return Name.trusted(Arrays.copyOf(nameBuffer, size));
            }
        }
        return null;
    }

    /** Steps over an owner name; how many octets it had before a pointer or the root label, or {@link #BAD}. */
    private int skipName() {
        int octets = 0;
        while (at < end) {
            int length = in.getUnsignedByte(at);
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
            at += 10 + in.getUnsignedShort(at + 8);
            if (at > end) {
                return false;
            }
        }
        return true;
    }

    private boolean additionals(int count) {
        for (int i = 0; i < count; i++) {
            int owner = skipName();
            if (owner == BAD || end - at < 10) {
                return false;
            }
            int type = in.getUnsignedShort(at);
            int length = in.getUnsignedShort(at + 8);
            if (end - at - 10 < length) {
                return false;
            }
            if (type == RecordType.OPT && (owner != ROOT_OWNER || edns != null || !opt(length))) {
                return false;
            }
            if (type != RecordType.OPT) {
                at += 10 + length;
            }
        }
        return true;
    }

    /** Reads an OPT record from its type on; keeps its head even where an option is bad, so that the error carries OPT. */
    private boolean opt(int length) {
        int payloadSize = in.getUnsignedShort(at + 2);
        int version = in.getUnsignedByte(at + 5);
        boolean dnssecOk = (in.getUnsignedByte(at + 6) & 0x80) != 0;
        edns = new Edns(version, payloadSize, dnssecOk, null);
        at += 10;
        int stop = at + length;
        if (version != 0) {
            // The options of a version we do not know are not ours to read (RFC 6891 section 6.1.3).
            at = stop;
            return true;
        }
        ClientSubnet subnet = null;
        while (at < stop) {
            if (stop - at < 4) {
                return false;
            }
            int code = in.getUnsignedShort(at);
            int size = in.getUnsignedShort(at + 2);
            at += 4;
            if (stop - at < size) {
                return false;
            }
            if (code == ClientSubnet.CODE) {
                subnet = subnet == null ? clientSubnet(size) : null;
                if (subnet == null) {
                    return false;
                }
            }
            at += size;
        }
        edns = new Edns(version, payloadSize, dnssecOk, subnet);
        return true;
    }

    /** RFC 7871 section 6: wrong sizes, bits beyond the prefix and a scope in a query are format errors. */
    private @Nullable ClientSubnet clientSubnet(int size) {
        if (size < 4) {
            return null;
        }
        int family = in.getUnsignedShort(at);
        int source = in.getUnsignedByte(at + 2);
        int scope = in.getUnsignedByte(at + 3);
        int width = family == ClientSubnet.IPV4 ? 4 : family == ClientSubnet.IPV6 ? 16 : 0;
        if ((family != 0 && width == 0) || source > width * 8 || scope != 0 || size - 4 != (source + 7) / 8) {
            return null;
        }
        byte[] address = new byte[width];
        in.getBytes(at + 4, address, 0, size - 4);
        if (source % 8 != 0 && (address[source / 8] & (0xFF >>> (source % 8))) != 0) {
            return null;
        }
        return new ClientSubnet(family, source, address);
    }
}
