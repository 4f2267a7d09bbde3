package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;

/** Methods of class connection (AMQP 0-9-1 section 1.4), with RabbitMQ's blocked, unblocked and update-secret. */
public sealed interface ConnectionMethod extends Method {
    int CLASS_ID = 10;

    @Override
    default int classId() {
        return CLASS_ID;
    }

    /** What the server is and speaks. */
    record Start(int versionMajor, int versionMinor, FieldTable serverProperties, byte[] mechanisms, byte[] locales)
            implements ConnectionMethod {
        static final int ID = 10;

        static Start read(ByteBuf in, FieldTableCodec tables) {
            int versionMajor = Fields.octet(in);
            int versionMinor = Fields.octet(in);
            FieldTable serverProperties = tables.read(in);
            byte[] mechanisms = Fields.longString(in);
            byte[] locales = Fields.longString(in);
            return new Start(versionMajor, versionMinor, serverProperties, mechanisms, locales);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeByte(versionMajor);
            out.writeByte(versionMinor);
            FieldTableCodec.write(out, serverProperties);
            Fields.writeLongString(out, mechanisms);
            Fields.writeLongString(out, locales);
        }
    }

    /** The client logs in. */
    record StartOk(FieldTable clientProperties, String mechanism, byte[] response, String locale)
            implements ConnectionMethod {
        static final int ID = 11;

        static StartOk read(ByteBuf in, FieldTableCodec tables) {
            FieldTable clientProperties = tables.read(in);
            String mechanism = ShortString.read(in);
            byte[] response = Fields.longString(in);
            String locale = ShortString.read(in);
            return new StartOk(clientProperties, mechanism, response, locale);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            FieldTableCodec.write(out, clientProperties);
            ShortString.write(out, mechanism);
            Fields.writeLongString(out, response);
            ShortString.write(out, locale);
        }
    }

    /** A further challenge; never sent by this server. */
    record Secure(byte[] challenge) implements ConnectionMethod {
        static final int ID = 20;

        static Secure read(ByteBuf in) {
            byte[] challenge = Fields.longString(in);
            return new Secure(challenge);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            Fields.writeLongString(out, challenge);
        }
    }

    /** The answer to a challenge. */
    record SecureOk(byte[] response) implements ConnectionMethod {
        static final int ID = 21;

        static SecureOk read(ByteBuf in) {
            byte[] response = Fields.longString(in);
            return new SecureOk(response);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            Fields.writeLongString(out, response);
        }
    }

    /** The limits the server offers. */
    record Tune(int channelMax, long frameMax, int heartbeat) implements ConnectionMethod {
        static final int ID = 30;

        static Tune read(ByteBuf in) {
            int channelMax = Fields.unsignedShort(in);
            long frameMax = Fields.unsignedInt(in);
            int heartbeat = Fields.unsignedShort(in);
            return new Tune(channelMax, frameMax, heartbeat);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(channelMax);
            out.writeInt((int) frameMax);
            out.writeShort(heartbeat);
        }
    }

    /** The limits the client chose. */
    record TuneOk(int channelMax, long frameMax, int heartbeat) implements ConnectionMethod {
        static final int ID = 31;

        static TuneOk read(ByteBuf in) {
            int channelMax = Fields.unsignedShort(in);
            long frameMax = Fields.unsignedInt(in);
            int heartbeat = Fields.unsignedShort(in);
            return new TuneOk(channelMax, frameMax, heartbeat);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            out.writeShort(channelMax);
            out.writeInt((int) frameMax);
            out.writeShort(heartbeat);
        }
    }

    /** The client names its virtual host. */
    record Open(String vhost, String reserved1, boolean reserved2) implements ConnectionMethod {
        static final int ID = 40;

        static Open read(ByteBuf in) {
            String vhost = ShortString.read(in);
            String reserved1 = ShortString.read(in);
            int bits = Fields.octet(in);
            return new Open(vhost, reserved1, (bits & 1) != 0);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, vhost);
            ShortString.write(out, reserved1);
            out.writeByte(reserved2 ? 1 : 0);
        }
    }

    /** The connection is open. */
    record OpenOk(String reserved1) implements ConnectionMethod {
        static final int ID = 41;

        static OpenOk read(ByteBuf in) {
            String reserved1 = ShortString.read(in);
            return new OpenOk(reserved1);
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

    /** Either side ends the connection. */
    record Close(int replyCode, String replyText, int failedClass, int failedMethod) implements ConnectionMethod {
        static final int ID = 50;

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
    record CloseOk() implements ConnectionMethod {
        static final int ID = 51;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** The server reads no publishes for now. */
    record Blocked(String reason) implements ConnectionMethod {
        static final int ID = 60;

        static Blocked read(ByteBuf in) {
            String reason = ShortString.read(in);
            return new Blocked(reason);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            ShortString.write(out, reason);
        }
    }

    /** It does again. */
    record Unblocked() implements ConnectionMethod {
        static final int ID = 61;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }

    /** The client renews its secret. */
    record UpdateSecret(byte[] newSecret, String reason) implements ConnectionMethod {
        static final int ID = 70;

        static UpdateSecret read(ByteBuf in) {
            byte[] newSecret = Fields.longString(in);
            String reason = ShortString.read(in);
            return new UpdateSecret(newSecret, reason);
        }

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {
            Fields.writeLongString(out, newSecret);
            ShortString.write(out, reason);
        }
    }

    /** Accepted. */
    record UpdateSecretOk() implements ConnectionMethod {
        static final int ID = 71;

        @Override
        public int methodId() {
            return ID;
        }

        @Override
        public void writeArguments(ByteBuf out) {}
    }
}
