package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class channel (section 1.5). */
public sealed interface ChannelMethod extends Method {
    int CLASS_ID = 20;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Opens a channel. */
    record Open(String reserved1) implements ChannelMethod {
        static final int ID = 10;

        static Open read(ByteBuf in) {
            String reserved1 = ShortString.read(in);
            return new Open(reserved1);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, reserved1);
        }
    }

    /** It is open. */
    record OpenOk(byte[] reserved1) implements ChannelMethod {
        static final int ID = 11;

        static OpenOk read(ByteBuf in) {
            byte[] reserved1 = Fields.longString(in);
            return new OpenOk(reserved1);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            Fields.writeLongString(out, reserved1);
        }
    }

    /** Asks to stop or start content. */
    record Flow(boolean active) implements ChannelMethod {
        static final int ID = 20;

        static Flow read(ByteBuf in) {
            int bits = Fields.octet(in);
            return new Flow((bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeByte(active ? 1 : 0);
        }
    }

    /** Agreed. */
    record FlowOk(boolean active) implements ChannelMethod {
        static final int ID = 21;

        static FlowOk read(ByteBuf in) {
            int bits = Fields.octet(in);
            return new FlowOk((bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeByte(active ? 1 : 0);
        }
    }

    /** Either side ends the channel. */
    record Close(int replyCode, String replyText, int failedClass, int failedMethod) implements ChannelMethod {
        static final int ID = 40;

        static Close read(ByteBuf in) {
            int replyCode = Fields.unsignedShort(in);
            String replyText = ShortString.read(in);
            int failedClass = Fields.unsignedShort(in);
            int failedMethod = Fields.unsignedShort(in);
            return new Close(replyCode, replyText, failedClass, failedMethod);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(replyCode);
            ShortString.write(out, replyText);
            out.writeShort(failedClass);
            out.writeShort(failedMethod);
        }
    }

    /** The other side agrees. */
    record CloseOk() implements ChannelMethod {
        static final int ID = 41;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
