package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The untyped packet a connection begins with. */
public sealed interface StartupPacket {
    int VERSION_3_0 = 3 << 16;
    int CANCEL_REQUEST = 80_877_102;
    int SSL_REQUEST = 80_877_103;
    int GSS_REQUEST = 80_877_104;

    /** The newest minor version spoken: 3.2 has cancel keys of other lengths than four bytes. */
    int NEWEST_MINOR = 2;

    /** As long as PostgreSQL's own limit. */
    int MAX_LENGTH = 10_000;

    int MAX_SECRET = 256;

    /** Asks for TLS. */
    record Tls() implements StartupPacket {}

    /** Asks for GSSAPI encryption. */
    record Gss() implements StartupPacket {}

    /** Asks to cancel what another connection runs. */
    record Cancel(int process, byte[] secret) implements StartupPacket {}

    /** Begins a session; {@code minor} is the minor version asked for. */
    record Session(int minor, Map<String, String> parameters) implements StartupPacket {}

    /** Reads one packet and moves past it, or returns null when more bytes are needed. */
    static @Nullable StartupPacket read(ByteBuf in) throws SqlException {
        if (in.readableBytes() < 4) {
            return null;
        }
        int length = in.getInt(in.readerIndex());
        if (length < 8 || length > MAX_LENGTH) {
            throw new SqlException(
                    SqlError.PROTOCOL_VIOLATION,
                    "startup packet length: " + length + " (expected: 8 to " + MAX_LENGTH + ")");
        }
        if (in.readableBytes() < length) {
            return null;
        }
        ByteBuf packet = in.readSlice(length).skipBytes(4);
        int code = packet.readInt();
        return switch (code) {
            case SSL_REQUEST -> new Tls();
            case GSS_REQUEST -> new Gss();
            case CANCEL_REQUEST -> cancel(packet);
            default -> session(code, packet);
        };
    }

    private static Cancel cancel(ByteBuf packet) throws SqlException {
        int secret = packet.readableBytes() - 4;
        if (secret < 4 || secret > MAX_SECRET) {
            throw new SqlException(
                    SqlError.PROTOCOL_VIOLATION, "cancel key length: " + secret + " (expected: 4 to 256)");
        }
        int process = packet.readInt();
        byte[] bytes = new byte[secret];
        packet.readBytes(bytes);
        return new Cancel(process, bytes);
    }

    private static Session session(int version, ByteBuf packet) throws SqlException {
        if (version >>> 16 != 3) {
            throw new SqlException(
                    SqlError.NOT_SUPPORTED,
                    "protocol version: " + (version >>> 16) + "." + (version & 0xffff) + " (expected: 3.x)");
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        while (true) {
            if (!packet.isReadable()) {
                throw new SqlException(SqlError.PROTOCOL_VIOLATION, "startup packet: without its end");
            }
            String name = ServerMessages.string(packet);
            if (name.isEmpty()) {
                break;
            }
            parameters.put(name, ServerMessages.string(packet));
        }
        if (packet.isReadable()) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "startup packet: bytes after its end");
        }
        return new Session(version & 0xffff, parameters);
    }
}
