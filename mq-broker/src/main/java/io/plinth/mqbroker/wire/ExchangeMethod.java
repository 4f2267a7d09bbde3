package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class exchange (section 1.6), with RabbitMQ's bindings between exchanges. */
public sealed interface ExchangeMethod extends Method {
    int CLASS_ID = 40;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Creates an exchange or checks one. */
    record Declare(
            int reserved1,
            String exchange,
            String type,
            boolean passive,
            boolean durable,
            boolean autoDelete,
            boolean internal,
            boolean nowait,
            FieldTable arguments)
            implements ExchangeMethod {
        static final int ID = 10;

        static Declare read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String exchange = ShortString.read(in);
            String type = ShortString.read(in);
            int bits = Fields.octet(in);
            FieldTable arguments = tables.read(in);
            return new Declare(
                    reserved1,
                    exchange,
                    type,
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
            ShortString.write(out, exchange);
            ShortString.write(out, type);
            out.writeByte((passive ? 1 : 0)
                    | (durable ? 2 : 0)
                    | (autoDelete ? 4 : 0)
                    | (internal ? 8 : 0)
                    | (nowait ? 16 : 0));
            FieldTableCodec.write(out, arguments);
        }
    }

    /** It is there. */
    record DeclareOk() implements ExchangeMethod {
        static final int ID = 11;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Deletes an exchange. */
    record Delete(int reserved1, String exchange, boolean ifUnused, boolean nowait) implements ExchangeMethod {
        static final int ID = 20;

        static Delete read(ByteBuf in) {
            int reserved1 = Fields.unsignedShort(in);
            String exchange = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Delete(reserved1, exchange, (bits & 1) != 0, (bits & 2) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, exchange);
            out.writeByte((ifUnused ? 1 : 0) | (nowait ? 2 : 0));
        }
    }

    /** It is gone. */
    record DeleteOk() implements ExchangeMethod {
        static final int ID = 21;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Binds an exchange to an exchange. */
    record Bind(
            int reserved1, String destination, String source, String routingKey, boolean nowait, FieldTable arguments)
            implements ExchangeMethod {
        static final int ID = 30;

        static Bind read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String destination = ShortString.read(in);
            String source = ShortString.read(in);
            String routingKey = ShortString.read(in);
            int bits = Fields.octet(in);
            FieldTable arguments = tables.read(in);
            return new Bind(reserved1, destination, source, routingKey, (bits & 1) != 0, arguments);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, destination);
            ShortString.write(out, source);
            ShortString.write(out, routingKey);
            out.writeByte(nowait ? 1 : 0);
            FieldTableCodec.write(out, arguments);
        }
    }

    /** Bound. */
    record BindOk() implements ExchangeMethod {
        static final int ID = 31;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Removes such a binding. */
    record Unbind(
            int reserved1, String destination, String source, String routingKey, boolean nowait, FieldTable arguments)
            implements ExchangeMethod {
        static final int ID = 40;

        static Unbind read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String destination = ShortString.read(in);
            String source = ShortString.read(in);
            String routingKey = ShortString.read(in);
            int bits = Fields.octet(in);
            FieldTable arguments = tables.read(in);
            return new Unbind(reserved1, destination, source, routingKey, (bits & 1) != 0, arguments);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, destination);
            ShortString.write(out, source);
            ShortString.write(out, routingKey);
            out.writeByte(nowait ? 1 : 0);
            FieldTableCodec.write(out, arguments);
        }
    }

    /** Removed. */
    record UnbindOk() implements ExchangeMethod {
        static final int ID = 51;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
