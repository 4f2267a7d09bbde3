package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class basic (section 1.8), with RabbitMQ's nack. */
public sealed interface BasicMethod extends Method {
    int CLASS_ID = 60;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** Bounds unacknowledged deliveries. */
    record Qos(long prefetchSize, int prefetchCount, boolean global) implements BasicMethod {
        static final int ID = 10;

        static Qos read(ByteBuf in) {
            long prefetchSize = Fields.unsignedInt(in);
            int prefetchCount = Fields.unsignedShort(in);
            int bits = Fields.octet(in);
            return new Qos(prefetchSize, prefetchCount, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeInt((int) prefetchSize);
            out.writeShort(prefetchCount);
            out.writeByte(global ? 1 : 0);
        }
    }

    /** Agreed. */
    record QosOk() implements BasicMethod {
        static final int ID = 11;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Starts a consumer. */
    record Consume(
            int reserved1,
            String queue,
            String consumerTag,
            boolean noLocal,
            boolean noAck,
            boolean exclusive,
            boolean nowait,
            FieldTable arguments)
            implements BasicMethod {
        static final int ID = 20;

        static Consume read(ByteBuf in, FieldTableCodec tables) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            String consumerTag = ShortString.read(in);
            int bits = Fields.octet(in);
            FieldTable arguments = tables.read(in);
            return new Consume(
                    reserved1,
                    queue,
                    consumerTag,
                    (bits & 1) != 0,
                    (bits & 2) != 0,
                    (bits & 4) != 0,
                    (bits & 8) != 0,
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
            ShortString.write(out, consumerTag);
            out.writeByte((noLocal ? 1 : 0) | (noAck ? 2 : 0) | (exclusive ? 4 : 0) | (nowait ? 8 : 0));
            FieldTableCodec.write(out, arguments);
        }
    }

    /** Started. */
    record ConsumeOk(String consumerTag) implements BasicMethod {
        static final int ID = 21;

        static ConsumeOk read(ByteBuf in) {
            String consumerTag = ShortString.read(in);
            return new ConsumeOk(consumerTag);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, consumerTag);
        }
    }

    /** Ends a consumer; also sent by the server. */
    record Cancel(String consumerTag, boolean nowait) implements BasicMethod {
        static final int ID = 30;

        static Cancel read(ByteBuf in) {
            String consumerTag = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Cancel(consumerTag, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, consumerTag);
            out.writeByte(nowait ? 1 : 0);
        }
    }

    /** Ended. */
    record CancelOk(String consumerTag) implements BasicMethod {
        static final int ID = 31;

        static CancelOk read(ByteBuf in) {
            String consumerTag = ShortString.read(in);
            return new CancelOk(consumerTag);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, consumerTag);
        }
    }

    /** Content follows for an exchange. */
    record Publish(int reserved1, String exchange, String routingKey, boolean mandatory, boolean immediate)
            implements BasicMethod {
        static final int ID = 40;

        static Publish read(ByteBuf in, Names names) {
            int reserved1 = Fields.unsignedShort(in);
            String exchange = names.read(in);
            String routingKey = names.read(in);
            int bits = Fields.octet(in);
            return new Publish(reserved1, exchange, routingKey, (bits & 1) != 0, (bits & 2) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, exchange);
            ShortString.write(out, routingKey);
            out.writeByte((mandatory ? 1 : 0) | (immediate ? 2 : 0));
        }
    }

    /** Content that could not be routed. */
    record Return(int replyCode, String replyText, String exchange, String routingKey) implements BasicMethod {
        static final int ID = 50;

        static Return read(ByteBuf in) {
            int replyCode = Fields.unsignedShort(in);
            String replyText = ShortString.read(in);
            String exchange = ShortString.read(in);
            String routingKey = ShortString.read(in);
            return new Return(replyCode, replyText, exchange, routingKey);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(replyCode);
            ShortString.write(out, replyText);
            ShortString.write(out, exchange);
            ShortString.write(out, routingKey);
        }
    }

    /** Content for a consumer. */
    record Deliver(String consumerTag, long deliveryTag, boolean redelivered, String exchange, String routingKey)
            implements BasicMethod {
        static final int ID = 60;

        static Deliver read(ByteBuf in) {
            String consumerTag = ShortString.read(in);
            long deliveryTag = Fields.longLong(in);
            int bits = Fields.octet(in);
            String exchange = ShortString.read(in);
            String routingKey = ShortString.read(in);
            return new Deliver(consumerTag, deliveryTag, (bits & 1) != 0, exchange, routingKey);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, consumerTag);
            out.writeLong(deliveryTag);
            out.writeByte(redelivered ? 1 : 0);
            ShortString.write(out, exchange);
            ShortString.write(out, routingKey);
        }
    }

    /** Asks for one message. */
    record Get(int reserved1, String queue, boolean noAck) implements BasicMethod {
        static final int ID = 70;

        static Get read(ByteBuf in) {
            int reserved1 = Fields.unsignedShort(in);
            String queue = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Get(reserved1, queue, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(reserved1);
            ShortString.write(out, queue);
            out.writeByte(noAck ? 1 : 0);
        }
    }

    /** Here it is. */
    record GetOk(long deliveryTag, boolean redelivered, String exchange, String routingKey, long messageCount)
            implements BasicMethod {
        static final int ID = 71;

        static GetOk read(ByteBuf in) {
            long deliveryTag = Fields.longLong(in);
            int bits = Fields.octet(in);
            String exchange = ShortString.read(in);
            String routingKey = ShortString.read(in);
            long messageCount = Fields.unsignedInt(in);
            return new GetOk(deliveryTag, (bits & 1) != 0, exchange, routingKey, messageCount);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeLong(deliveryTag);
            out.writeByte(redelivered ? 1 : 0);
            ShortString.write(out, exchange);
            ShortString.write(out, routingKey);
            out.writeInt((int) messageCount);
        }
    }

    /** There is none. */
    record GetEmpty(String reserved1) implements BasicMethod {
        static final int ID = 72;

        static GetEmpty read(ByteBuf in) {
            String reserved1 = ShortString.read(in);
            return new GetEmpty(reserved1);
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

    /** Settles deliveries, or confirms publishes. */
    record Ack(long deliveryTag, boolean multiple) implements BasicMethod {
        static final int ID = 80;

        static Ack read(ByteBuf in) {
            long deliveryTag = Fields.longLong(in);
            int bits = Fields.octet(in);
            return new Ack(deliveryTag, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeLong(deliveryTag);
            out.writeByte(multiple ? 1 : 0);
        }
    }

    /** Refuses one delivery. */
    record Reject(long deliveryTag, boolean requeue) implements BasicMethod {
        static final int ID = 90;

        static Reject read(ByteBuf in) {
            long deliveryTag = Fields.longLong(in);
            int bits = Fields.octet(in);
            return new Reject(deliveryTag, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeLong(deliveryTag);
            out.writeByte(requeue ? 1 : 0);
        }
    }

    /** Recover without an answer. */
    record RecoverAsync(boolean requeue) implements BasicMethod {
        static final int ID = 100;

        static RecoverAsync read(ByteBuf in) {
            int bits = Fields.octet(in);
            return new RecoverAsync((bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeByte(requeue ? 1 : 0);
        }
    }

    /** Requeues what is unacknowledged. */
    record Recover(boolean requeue) implements BasicMethod {
        static final int ID = 110;

        static Recover read(ByteBuf in) {
            int bits = Fields.octet(in);
            return new Recover((bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeByte(requeue ? 1 : 0);
        }
    }

    /** Done. */
    record RecoverOk() implements BasicMethod {
        static final int ID = 111;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** Refuses deliveries, or a publish that failed. */
    record Nack(long deliveryTag, boolean multiple, boolean requeue) implements BasicMethod {
        static final int ID = 120;

        static Nack read(ByteBuf in) {
            long deliveryTag = Fields.longLong(in);
            int bits = Fields.octet(in);
            return new Nack(deliveryTag, (bits & 1) != 0, (bits & 2) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeLong(deliveryTag);
            out.writeByte((multiple ? 1 : 0) | (requeue ? 2 : 0));
        }
    }
}
