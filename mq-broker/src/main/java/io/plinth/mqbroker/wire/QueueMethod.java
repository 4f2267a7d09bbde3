package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class queue (section 1.7). */
public sealed interface QueueMethod extends Method {
    int CLASS_ID = 50;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Creates a queue or checks one. */
    record Declare(
            int reserved1,
            String queue,
            boolean passive,
            boolean durable,
            boolean exclusive,
            boolean autoDelete,
            boolean nowait,
            FieldTable arguments)
            implements QueueMethod {
        static final int ID = 10;

        static Declare read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            int bits = Fields.octet(in);
            FieldTable arguments = tables.read(in);
            return new Declare(
                    reserved1,
                    queue,
                    (bits & 1) != 0,
                    (bits & 2) != 0,
                    (bits & 4) != 0,
                    (bits & 8) != 0,
                    (bits & 16) != 0,
                    arguments);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, queue);
            out.writeByte((passive ? 1 : 0)
                    | (durable ? 2 : 0)
                    | (exclusive ? 4 : 0)
                    | (autoDelete ? 8 : 0)
                    | (nowait ? 16 : 0));
            FieldTableCodec.write(out, arguments);
        }
    }

    /** It is there. */
    record DeclareOk(String queue, long messageCount, long consumerCount) implements QueueMethod {
        static final int ID = 11;

        static DeclareOk read(ByteBuf in) {
            String queue = ShortString.read(in);
            long messageCount = Fields.unsignedInt(in);
            long consumerCount = Fields.unsignedInt(in);
            return new DeclareOk(queue, messageCount, consumerCount);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, queue);
            out.writeInt((int) messageCount);
            out.writeInt((int) consumerCount);
        }
    }

    /** Binds a queue to an exchange. */
    record Bind(int reserved1, String queue, String exchange, String routingKey, boolean nowait, FieldTable arguments)
            implements QueueMethod {
        static final int ID = 20;

        static Bind read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            String exchange = ShortString.read(in);
            String routingKey = ShortString.read(in);
            int bits = Fields.octet(in);
            FieldTable arguments = tables.read(in);
            return new Bind(reserved1, queue, exchange, routingKey, (bits & 1) != 0, arguments);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, queue);
            ShortString.write(out, exchange);
            ShortString.write(out, routingKey);
            out.writeByte(nowait ? 1 : 0);
            FieldTableCodec.write(out, arguments);
        }
    }

    /** Bound. */
    record BindOk() implements QueueMethod {
        static final int ID = 21;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Drops the messages that wait. */
    record Purge(int reserved1, String queue, boolean nowait) implements QueueMethod {
        static final int ID = 30;

        static Purge read(ByteBuf in) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Purge(reserved1, queue, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, queue);
            out.writeByte(nowait ? 1 : 0);
        }
    }

    /** How many. */
    record PurgeOk(long messageCount) implements QueueMethod {
        static final int ID = 31;

        static PurgeOk read(ByteBuf in) {
            long messageCount = Fields.unsignedInt(in);
            return new PurgeOk(messageCount);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeInt((int) messageCount);
        }
    }

    /** Deletes a queue. */
    record Delete(int reserved1, String queue, boolean ifUnused, boolean ifEmpty, boolean nowait)
            implements QueueMethod {
        static final int ID = 40;

        static Delete read(ByteBuf in) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Delete(reserved1, queue, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, queue);
            out.writeByte((ifUnused ? 1 : 0) | (ifEmpty ? 2 : 0) | (nowait ? 4 : 0));
        }
    }

    /** With so many messages. */
    record DeleteOk(long messageCount) implements QueueMethod {
        static final int ID = 41;

        static DeleteOk read(ByteBuf in) {
            long messageCount = Fields.unsignedInt(in);
            return new DeleteOk(messageCount);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeInt((int) messageCount);
        }
    }

    /** Removes a binding. */
    record Unbind(int reserved1, String queue, String exchange, String routingKey, FieldTable arguments)
            implements QueueMethod {
        static final int ID = 50;

        static Unbind read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            String exchange = ShortString.read(in);
            String routingKey = ShortString.read(in);
            FieldTable arguments = tables.read(in);
            return new Unbind(reserved1, queue, exchange, routingKey, arguments);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, queue);
            ShortString.write(out, exchange);
            ShortString.write(out, routingKey);
            FieldTableCodec.write(out, arguments);
        }
    }

    /** Removed. */
    record UnbindOk() implements QueueMethod {
        static final int ID = 51;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
