package io.plinth.geodns.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** Owned by one event loop: writes one response at a time, names compressed, whole or truncated to nothing. */
public final class ResponseEncoder {
    /** The largest message (RFC 1035 section 4.2.2). */
    public static final int MAX_MESSAGE = 65_535;

    /** The largest UDP response to a query without EDNS (RFC 1035 section 4.2.1). */
    public static final int PLAIN_UDP = 512;

    private static final int QR = 0x8000;
    private static final int AA = 0x0400;
    private static final int TC = 0x0200;
    /** Opcode, RD and CD come back as they were (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6). */
    private static final int ECHOED = 0x7800 | 0x0100 | 0x0010;

    private static final int OPT_HEAD = 11;

    private final NameCompressor names = new NameCompressor();
    private final int payloadSize;
    private ByteBuf out = Unpooled.EMPTY_BUFFER;
    private int start;
    private int id;

    /**
     * An encoder that tells clients the largest UDP query worth sending.
     *
     * @param payloadSize also the largest UDP response
     */
    public ResponseEncoder(int payloadSize) {
        this.payloadSize = payloadSize;
    }

    /** The largest UDP response this query may get. */
    public int udpLimit(@Nullable Edns edns) {
        return edns == null ? PLAIN_UDP : Math.max(PLAIN_UDP, Math.min(edns.payloadSize(), payloadSize));
    }

    /** Writes an error without records; always fits. */
    public void encode(Decoded.Invalid query, ByteBuf buffer) {
        begin(buffer, query.id());
        header(query.flags(), 0, query.reason(), query.question(), query.edns(), 0, 0, 0);
        question(query.question());
        opt(query.edns(), query.reason(), 0);
        end();
    }

    /**
     * Writes a response of at most {@code limit} octets; what does not fit is left out whole and TC set, so that the
     * client asks again over TCP and never sees half a record set (RFC 2181 section 9).
     *
     * @return whether it was truncated
     */
    public boolean encode(Decoded.Query query, Response response, ByteBuf buffer, int limit) {
        begin(buffer, query.id());
        Edns edns = query.edns();
        int budget = limit - optLength(edns);
        int flags = response.authoritative() ? AA : 0;
        buffer.writeZero(QueryDecoder.HEADER);
        question(query.question());
        int answers = section(response.answer(), budget);
        int authorities = answers < 0 ? -1 : section(response.authority(), budget);
        // Additionals are only ever the glue of a referral, without which it is of no use (RFC 9471 section 3).
        int additionals = authorities < 0 ? -1 : section(response.additional(), budget);
        boolean truncated = additionals < 0;
        if (truncated) {
            buffer.writerIndex(start);
            names.clear();
            header(query.flags(), flags | TC, response.code(), query.question(), edns, 0, 0, 0);
            question(query.question());
        } else {
            int stop = buffer.writerIndex();
            buffer.writerIndex(start);
            header(query.flags(), flags, response.code(), query.question(), edns, answers, authorities, additionals);
            buffer.writerIndex(stop);
        }
        opt(edns, response.code(), response.scope());
        end();
        return truncated;
    }

    private void begin(ByteBuf buffer, int queryId) {
        out = buffer;
        start = buffer.writerIndex();
        id = queryId;
        names.clear();
    }

    private void end() {
        out = Unpooled.EMPTY_BUFFER;
    }

    private void header(
            int queryFlags,
            int flags,
            ResponseCode code,
            @Nullable Question question,
            @Nullable Edns edns,
            int answers,
            int authorities,
            int additionals) {
        out.writeShort(id);
        out.writeShort(QR | (queryFlags & ECHOED) | flags | (code.code() & 0xF));
        out.writeShort(question == null ? 0 : 1);
        out.writeShort(answers);
        out.writeShort(authorities);
        out.writeShort(additionals + (edns == null ? 0 : 1));
    }

    private void question(@Nullable Question question) {
        if (question != null) {
            names.write(question.name(), out, start);
            out.writeShort(question.type());
            out.writeShort(question.klass());
        }
    }

    /** How many records were written, or -1 when they do not fit. */
    private int section(Response.Section section, int budget) {
        int count = 0;
        for (int i = 0; i < section.size(); i++) {
            RecordSet set = section.set(i);
            int size = set.records().size();
            int first = set.rotates() ? id % size : 0;
            for (int j = 0; j < size; j++) {
                int index = first + j < size ? first + j : first + j - size;
                record(section.owner(i), set, set.records().get(index));
                if (out.writerIndex() - start > budget) {
                    return -1;
                }
            }
            count += size;
        }
        return count;
    }

    private void record(Name owner, RecordSet set, Rdata data) {
        names.write(owner, out, start);
        out.writeShort(set.type());
        out.writeShort(Question.IN);
        out.writeInt(set.ttl());
        int lengthAt = out.writerIndex();
        out.writeShort(0);
        out.writeBytes(data.lead());
        for (Name name : data.names()) {
            names.write(name, out, start);
        }
        out.writeBytes(data.tail());
        out.setShort(lengthAt, out.writerIndex() - lengthAt - 2);
    }

    private static int optLength(@Nullable Edns edns) {
        if (edns == null) {
            return 0;
        }
        ClientSubnet subnet = edns.clientSubnet();
        return subnet == null ? OPT_HEAD : OPT_HEAD + 8 + subnet.addressOctets();
    }

    /** OPT goes only where OPT came (RFC 6891 section 6.1.1), and the subnet only where it came (RFC 7871 section 7.2.1). */
    private void opt(@Nullable Edns edns, ResponseCode code, int scope) {
        if (edns == null) {
            return;
        }
        out.writeByte(0);
        out.writeShort(RecordType.OPT);
        out.writeShort(payloadSize);
        out.writeByte(code.code() >>> 4);
        out.writeByte(0);
        out.writeShort(edns.dnssecOk() ? 0x8000 : 0);
        ClientSubnet subnet = edns.clientSubnet();
        if (subnet == null) {
            out.writeShort(0);
            return;
        }
        int octets = subnet.addressOctets();
        out.writeShort(8 + octets);
        out.writeShort(ClientSubnet.CODE);
        out.writeShort(4 + octets);
        out.writeShort(subnet.family());
        out.writeByte(subnet.sourcePrefix());
        // A client that gave no bits must get scope 0 (RFC 7871 section 7.2.1).
        out.writeByte(subnet.sourcePrefix() == 0 ? 0 : scope);
        out.writeBytes(subnet.address(), 0, octets);
    }
}
