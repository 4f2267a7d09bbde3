package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes what a server says, to a client. */
public final class BackendWriter {
    private BackendWriter() {}

    public static void authenticationOk(ByteBuf out) {
        out.writeByte(Backend.AUTHENTICATION).writeInt(8).writeInt(Authentication.OK);
    }

    /** Asks for the password as it is. */
    public static void authenticationCleartext(ByteBuf out) {
        out.writeByte(Backend.AUTHENTICATION).writeInt(8).writeInt(Authentication.CLEARTEXT);
    }

    public static void authenticationMd5(ByteBuf out, byte[] salt) {
        out.writeByte(Backend.AUTHENTICATION)
                .writeInt(12)
                .writeInt(Authentication.MD5)
                .writeBytes(salt);
    }

    public static void sasl(ByteBuf out, List<String> mechanisms) {
        int start = begin(out, Backend.AUTHENTICATION);
        out.writeInt(Authentication.SASL);
        mechanisms.forEach(mechanism -> FrontendWriter.string(out, mechanism));
        out.writeByte(0);
        end(out, start);
    }

    /** SASL's continuation or final message. */
    public static void saslData(ByteBuf out, int kind, String data) {
        int start = begin(out, Backend.AUTHENTICATION);
        out.writeInt(kind);
        out.writeCharSequence(data, StandardCharsets.UTF_8);
        end(out, start);
    }

    public static void negotiateVersion(ByteBuf out, int minor, List<String> unknownOptions) {
        int start = begin(out, Backend.NEGOTIATE_VERSION);
        out.writeInt(minor).writeInt(unknownOptions.size());
        unknownOptions.forEach(option -> FrontendWriter.string(out, option));
        end(out, start);
    }

    public static void parameterStatus(ByteBuf out, String name, String value) {
        int start = begin(out, Backend.PARAMETER_STATUS);
        FrontendWriter.string(out, name);
        FrontendWriter.string(out, value);
        end(out, start);
    }

    public static void backendKey(ByteBuf out, int process, byte[] secret) {
        out.writeByte(Backend.BACKEND_KEY)
                .writeInt(8 + secret.length)
                .writeInt(process)
                .writeBytes(secret);
    }

    public static void ready(ByteBuf out, byte status) {
        out.writeByte(Backend.READY).writeInt(5).writeByte(status);
    }

    /** A message whose body is ready. */
    public static void raw(ByteBuf out, byte type, byte[] body) {
        out.writeByte(type).writeInt(4 + body.length).writeBytes(body);
    }

    public static void commandComplete(ByteBuf out, String tag) {
        int start = begin(out, Backend.COMMAND_COMPLETE);
        FrontendWriter.string(out, tag);
        end(out, start);
    }

    /** A message without fields: ParseComplete and its like. */
    public static void bare(ByteBuf out, byte type) {
        out.writeByte(type).writeInt(4);
    }

    public static void noParameters(ByteBuf out) {
        out.writeByte(Backend.PARAMETER_DESCRIPTION).writeInt(6).writeShort(0);
    }

    /** Columns of text, for answers of our own. */
    public static void textColumns(ByteBuf out, List<String> names) {
        columns(out, names, Collections.nCopies(names.size(), 25));
    }

    /** {@code types} are the columns' type OIDs; values are sent as text. */
    public static void columns(ByteBuf out, List<String> names, List<Integer> types) {
        int start = begin(out, Backend.ROW_DESCRIPTION);
        out.writeShort(names.size());
        for (int i = 0; i < names.size(); i++) {
            FrontendWriter.string(out, names.get(i));
            out.writeInt(0)
                    .writeShort(0)
                    .writeInt(types.get(i))
                    .writeShort(-1)
                    .writeInt(-1)
                    .writeShort(0);
        }
        end(out, start);
    }

    public static void textRow(ByteBuf out, List<? extends @Nullable String> values) {
        int start = begin(out, Backend.DATA_ROW);
        out.writeShort(values.size());
        for (String value : values) {
            if (value == null) {
                out.writeInt(-1);
                continue;
            }
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            out.writeInt(bytes.length).writeBytes(bytes);
        }
        end(out, start);
    }

    /** {@code severity} is ERROR or FATAL. */
    public static void error(ByteBuf out, String severity, SqlError error) {
        int start = begin(out, Backend.ERROR);
        field(out, 'S', severity);
        field(out, 'V', severity);
        field(out, 'C', error.code());
        field(out, 'M', error.message());
        String hint = error.hint();
        if (hint != null) {
            field(out, 'H', hint);
        }
        out.writeByte(0);
        end(out, start);
    }

    /** A notice with a detail. */
    public static void notice(ByteBuf out, String message, String detail) {
        int start = begin(out, Backend.NOTICE);
        field(out, 'S', "NOTICE");
        field(out, 'V', "NOTICE");
        field(out, 'C', "00000");
        field(out, 'M', message);
        field(out, 'D', detail);
        out.writeByte(0);
        end(out, start);
    }

    private static void field(ByteBuf out, char name, String value) {
        out.writeByte(name);
        FrontendWriter.string(out, value.replace('\0', ' '));
    }

    private static int begin(ByteBuf out, byte type) {
        out.writeByte(type);
        int start = out.writerIndex();
        out.writeInt(0);
        return start;
    }

    private static void end(ByteBuf out, int start) {
        out.setInt(start, out.writerIndex() - start);
    }
}
