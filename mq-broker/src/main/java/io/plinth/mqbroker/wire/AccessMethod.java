package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class access, kept for clients of AMQP 0-8 habits. */
public sealed interface AccessMethod extends Method {
    int CLASS_ID = 30;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Asks for a ticket, as AMQP 0-8 clients did. */
    record Request(String realm, boolean exclusive, boolean passive, boolean active, boolean write, boolean read)
            implements AccessMethod {
        static final int ID = 10;

        static Request read(ByteBuf in) {
            String realm = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Request(
                    realm, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, realm);
            out.writeByte(
                    (exclusive ? 1 : 0) | (passive ? 2 : 0) | (active ? 4 : 0) | (write ? 8 : 0) | (read ? 16 : 0));
        }
    }

    /** Always ticket 1. */
    record RequestOk(int ticket) implements AccessMethod {
        static final int ID = 11;

        static RequestOk read(ByteBuf in) {
            int ticket = Fields.unsignedShort(in);
            return new RequestOk(ticket);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(ticket);
        }
    }
}
