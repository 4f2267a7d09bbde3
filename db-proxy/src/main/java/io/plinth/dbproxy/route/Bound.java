package io.plinth.dbproxy.route;

import io.plinth.dbproxy.shard.KeyType;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a Bind message, read only where a key is among them.
 *
 * @param body formats, values and result formats as on the wire
 * @param offset where they begin
 * @param types declared parameter types; may be fewer than there are parameters
 */
public record Bound(byte[] body, int offset, int[] types) {
    /** The hash of parameter {@code index} as a key of {@code type}; null when it is NULL or not surely of that type. */
    @Nullable
    Long hash(int index, KeyType type) {
        ByteBuffer in = ByteBuffer.wrap(body, offset, body.length - offset);
        try {
            int formats = Short.toUnsignedInt(in.getShort());
            int formatsAt = in.position();
            in.position(formatsAt + 2 * formats);
            int count = Short.toUnsignedInt(in.getShort());
            if (index >= count) {
                return null;
            }
            for (int i = 0; i < index; i++) {
                int length = in.getInt();
                in.position(in.position() + Math.max(0, length));
            }
            int length = in.getInt();
            if (length < 0 || length > in.remaining()) {
                return null;
            }
            byte[] value = new byte[length];
            in.get(value);
            boolean binary = formats > 0 && in.getShort(formatsAt + 2 * (formats == 1 ? 0 : index)) == 1;
            return type.hash(value, index < types.length ? types[index] : 0, binary);
        } catch (java.nio.BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return null;
        }
    }
}
