package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the bodies of server messages that a proxy looks into; every read is bounded by the body. */
public final class ServerMessages {
    private ServerMessages() {}

    /** A zero-terminated string; moves past it. */
    public static String string(ByteBuf body) throws SqlException {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "server message: a string without its end");
        }
        String text = body.toString(body.readerIndex(), length, StandardCharsets.UTF_8);
        body.skipBytes(length + 1);
        return text;
    }

    /**
     * An ErrorResponse's fields that matter here.
     *
     * @param fatal whether the server ends the session with it
     */
    public record Failure(boolean fatal, SqlError error) {}

    public static Failure failure(ByteBuf body) throws SqlException {
        String severity = "ERROR";
        String code = "XX000";
        String message = "";
        while (body.isReadable()) {
            byte field = body.readByte();
            if (field == 0) {
                break;
            }
            String value = string(body);
            switch (field) {
                case 'V' -> severity = value;
                case 'C' -> code = value;
                case 'M' -> message = value;
                default -> {}
            }
        }
        return new Failure(severity.equals("FATAL") || severity.equals("PANIC"), SqlError.of(code, message));
    }

    /** A DataRow's values as text, null for NULL. */
    public static List<@Nullable String> textRow(ByteBuf body) {
        int count = body.readUnsignedShort();
        List<@Nullable String> values = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = body.readInt();
            values.add(
                    length < 0
                            ? null
                            : body.readCharSequence(length, StandardCharsets.UTF_8)
                                    .toString());
        }
        return values;
    }
}
