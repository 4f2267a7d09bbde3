package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Writes what a client says, to a server. */
public final class FrontendWriter {
    private FrontendWriter() {}

    public static void startup(ByteBuf out, Map<String, String> parameters) {
        startup(out, 0, parameters);
    }

    /** {@code minor} is the newest minor version spoken. */
    public static void startup(ByteBuf out, int minor, Map<String, String> parameters) {
        int start = out.writerIndex();
        out.writeInt(0).writeInt(StartupPacket.VERSION_3_0 | minor);
        parameters.forEach((name, value) -> {
            string(out, name);
            string(out, value);
        });
        out.writeByte(0);
        out.setInt(start, out.writerIndex() - start);
    }

    public static void sslRequest(ByteBuf out) {
        out.writeInt(8).writeInt(StartupPacket.SSL_REQUEST);
    }

    public static void cancel(ByteBuf out, int process, byte[] secret) {
        out.writeInt(12 + secret.length).writeInt(StartupPacket.CANCEL_REQUEST).writeInt(process);
        out.writeBytes(secret);
    }

    public static void query(ByteBuf out, byte[] sql) {
        out.writeByte(Frontend.QUERY).writeInt(5 + sql.length).writeBytes(sql).writeByte(0);
    }

    public static void parse(ByteBuf out, String name, byte[] sql, int[] types) {
        int start = begin(out, Frontend.PARSE);
        string(out, name);
        out.writeBytes(sql).writeByte(0).writeShort(types.length);
        for (int type : types) {
            out.writeInt(type);
        }
        end(out, start);
    }

    public static void bind(ByteBuf out, String portal, String statement, byte[] body, int tail) {
        int start = begin(out, Frontend.BIND);
        string(out, portal);
        string(out, statement);
        out.writeBytes(body, tail, body.length - tail);
        end(out, start);
    }

    /** Describe or Close. */
    public static void named(ByteBuf out, byte type, byte kind, String name) {
        int start = begin(out, type);
        out.writeByte(kind);
        string(out, name);
        end(out, start);
    }

    public static void execute(ByteBuf out, String portal, int rows) {
        int start = begin(out, Frontend.EXECUTE);
        string(out, portal);
        out.writeInt(rows);
        end(out, start);
    }

    /** A message without fields: Sync, Flush, CopyDone, Terminate. */
    public static void bare(ByteBuf out, byte type) {
        out.writeByte(type).writeInt(4);
    }

    public static void password(ByteBuf out, String password) {
        int start = begin(out, Frontend.PASSWORD);
        string(out, password);
        end(out, start);
    }

    /** A message whose body is ready: passwords, function calls, CopyFail. */
    public static void raw(ByteBuf out, byte type, byte[] body) {
        out.writeByte(type).writeInt(4 + body.length).writeBytes(body);
    }

    public static void saslInitial(ByteBuf out, String mechanism, String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        int start = begin(out, Frontend.PASSWORD);
        string(out, mechanism);
        out.writeInt(bytes.length).writeBytes(bytes);
        end(out, start);
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

    static void string(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.UTF_8);
        out.writeByte(0);
    }
}
