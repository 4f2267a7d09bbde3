package io.plinth.dbproxy.wire;

import io.netty.buffer.ByteBuf;

/** Reads the tags of commands; on one connection most are the same as the one before, and those are not decoded anew. */
public final class TagReader {
    private String last = "";

    /** The tag that a CommandComplete's body is; moves past it. */
    public String read(ByteBuf body) throws SqlException {
        String before = last;
        int length = before.length();
        int start = body.readerIndex();
        if (body.readableBytes() == length + 1 && body.getByte(start + length) == 0) {
            int same = 0;
            while (same < length && body.getByte(start + same) == before.charAt(same)) {
                same++;
            }
            if (same == length) {
                body.skipBytes(length + 1);
                return before;
            }
        }
        last = ServerMessages.string(body);
        return last;
    }
}
