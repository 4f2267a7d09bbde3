package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What a client says after start-up. Bodies are copies on the heap, so a message may be kept without further care. */
public sealed interface ClientMessage {
    /** A string of statements; the simple protocol. */
    record Query(byte[] sql) implements ClientMessage {}

    /** Makes a prepared statement; {@code types} are the declared parameter types, 0 for one the server shall infer. */
    record Parse(String name, byte[] sql, int[] types) implements ClientMessage {}

    /** Makes a portal; {@code body} from {@code tail} on is formats, values and result formats as on the wire. */
    record Bind(String portal, String statement, byte[] body, int tail) implements ClientMessage {}

    record Describe(byte kind, String name) implements ClientMessage {}

    record Execute(String portal, int rows) implements ClientMessage {}

    record Close(byte kind, String name) implements ClientMessage {}

    record Sync() implements ClientMessage {}

    record Flush() implements ClientMessage {}

    record FunctionCall(byte[] body) implements ClientMessage {
        /** Its number in pg_proc; 0 when the message is too short to tell. */
        public int function() {
            return body.length < 4 ? 0 : ByteBuffer.wrap(body).getInt();
        }
    }

    /** A piece of COPY's input outside of its stream: late, after the server ended the copy. */
    record CopyPiece() implements ClientMessage {}

    record CopyDone() implements ClientMessage {}

    record CopyFail(byte[] body) implements ClientMessage {}

    record Password(byte[] body) implements ClientMessage {}

    record Terminate() implements ClientMessage {}

    /** Bytes on the heap, for limits. */
    default int size() {
        return switch (this) {
            case Query query -> query.sql.length;
            case Parse parse -> parse.sql.length + 4 * parse.types.length;
            case Bind bind -> bind.body.length;
            case FunctionCall call -> call.body.length;
            case CopyFail fail -> fail.body.length;
            case Password password -> password.body.length;
            case Describe _, Execute _, Close _, Sync _, Flush _, CopyPiece _, CopyDone _, Terminate _ -> 16;
        };
    }

    /** Reads one whole frame's body; every read is bounded by it. */
    static ClientMessage read(byte type, ByteBuf body) throws SqlException {
        try {
            ClientMessage message = parse(type, body);
            if (body.isReadable()) {
                throw malformed(type, body.readableBytes() + " bytes too many");
            }
            return message;
        } catch (IndexOutOfBoundsException e) {
            throw malformed(type, "too short for its fields");
        }
    }

    private static ClientMessage parse(byte type, ByteBuf body) throws SqlException {
        return switch (type) {
            case Frontend.QUERY -> new Query(terminated(type, body));
            case Frontend.PARSE -> {
                String name = string(type, body);
                byte[] sql = terminated(type, body);
                yield new Parse(name, sql, types(type, body));
            }
            case Frontend.BIND -> {
                byte[] all = rest(body.duplicate());
                String portal = string(type, body);
                String statement = string(type, body);
                int tail = all.length - body.readableBytes();
                body.skipBytes(body.readableBytes());
                yield new Bind(portal, statement, all, tail);
            }
            case Frontend.DESCRIBE -> new Describe(kind(type, body), string(type, body));
            case Frontend.EXECUTE -> new Execute(string(type, body), body.readInt());
            case Frontend.CLOSE -> new Close(kind(type, body), string(type, body));
            case Frontend.SYNC -> new Sync();
            case Frontend.FLUSH -> new Flush();
            case Frontend.FUNCTION_CALL -> new FunctionCall(rest(body));
            case Frontend.COPY_DATA -> {
                body.skipBytes(body.readableBytes());
                yield new CopyPiece();
            }
            case Frontend.COPY_DONE -> new CopyDone();
            case Frontend.COPY_FAIL -> new CopyFail(rest(body));
            case Frontend.PASSWORD -> new Password(rest(body));
            case Frontend.TERMINATE -> new Terminate();
            default ->
                throw new SqlException(
                        SqlError.PROTOCOL_VIOLATION,
                        "message type: " + (type & 0xff) + " (expected: one of version 3)");
        };
    }

    private static int[] types(byte type, ByteBuf body) throws SqlException {
        int count = body.readUnsignedShort();
        if (body.readableBytes() != count * 4) {
            throw malformed(type, "its parameter types do not fit");
        }
        int[] types = new int[count];
        for (int i = 0; i < count; i++) {
            types[i] = body.readInt();
        }
        return types;
    }

    private static byte kind(byte type, ByteBuf body) throws SqlException {
        byte kind = body.readByte();
        if (kind != Frontend.STATEMENT && kind != Frontend.PORTAL) {
            throw malformed(type, "neither a statement nor a portal");
        }
        return kind;
    }

    private static String string(byte type, ByteBuf body) throws SqlException {
        return new String(terminated(type, body), StandardCharsets.UTF_8);
    }

    private static byte[] terminated(byte type, ByteBuf body) throws SqlException {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) {
            throw malformed(type, "a string without its end");
        }
        byte[] bytes = new byte[length];
        body.readBytes(bytes).skipBytes(1);
        return bytes;
    }

    private static byte[] rest(ByteBuf body) {
        byte[] bytes = new byte[body.readableBytes()];
        body.readBytes(bytes);
        return bytes;
    }

    private static SqlException malformed(byte type, String why) {
        return new SqlException(SqlError.PROTOCOL_VIOLATION, "message " + (char) (type & 0xff) + ": " + why);
    }
}
