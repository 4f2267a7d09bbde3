package io.plinth.mqbroker.stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Content;
import java.nio.ByteBuffer;

/**
 * A message of a stream; on disk {@code offset 8 | timestamp 8 | content}.
 *
 * @param timestamp when it came, epoch milliseconds; never before the one ahead of it
 */
record StreamMessage(long offset, long timestamp, Content content) {
    void write(ByteBuf out) {
        out.writeLong(offset).writeLong(timestamp);
        ChangeCodec.writeContent(out, content);
    }

    static long offset(ByteBuffer record) {
        return record.getLong(record.position());
    }

    static long timestamp(ByteBuffer record) {
        return record.getLong(record.position() + 8);
    }

    static StreamMessage read(ByteBuffer record) {
        ByteBuf in = Unpooled.wrappedBuffer(record);
        return new StreamMessage(in.readLong(), in.readLong(), ChangeCodec.readContent(in));
    }
}
