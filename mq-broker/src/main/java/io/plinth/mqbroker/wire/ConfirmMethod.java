package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class confirm, RabbitMQ's publisher confirms. */
public sealed interface ConfirmMethod extends Method {
    int CLASS_ID = 85;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Turns publisher confirms on. */
    record Select(boolean nowait) implements ConfirmMethod {
        static final int ID = 10;

        static Select read(ByteBuf in) {
            int bits = Fields.octet(in);
            return new Select((bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeByte(nowait ? 1 : 0);
        }
    }

    /** They are on. */
    record SelectOk() implements ConfirmMethod {
        static final int ID = 11;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
