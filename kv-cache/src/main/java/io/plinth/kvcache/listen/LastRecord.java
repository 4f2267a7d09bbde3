package io.plinth.kvcache.listen;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Owned by one connection, before its TLS: hands on what is before the last record of a read, then that record, where it is so short
 * that it may be the client's farewell. TLS takes all records of a read in one step, and sends nothing once it has seen the farewell:
 * so what came before it could not be answered.
 */
final class LastRecord extends ChannelInboundHandlerAdapter {
    private static final int HEAD = 5;
    private static final int ALERT = 21;
    private static final int DATA = 23;
    /** An alert is two bytes, and in TLS 1.3, where it looks like data, one more; with what proves them, and what clients pad them to. */
    private static final int MOST = 96;

    /** Of the record that began in an earlier read, what is still to come. */
    private int left;
    /** Of a record's head how much came, and its length so far. */
    private int seen;

    private int length;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        int end = in.writerIndex();
        int last = in.readerIndex();
        for (int at = last; at < end; ) {
            if (left > 0) {
                int now = Math.min(left, end - at);
                left -= now;
                at += now;
            } else {
                last = seen == 0 ? at : last;
                head(in.getUnsignedByte(at++));
            }
        }
        boolean whole = left == 0 && seen == 0;
        if (whole && last > in.readerIndex() && end - last <= MOST && said(in.getUnsignedByte(last))) {
            ctx.fireChannelRead(in.readRetainedSlice(last - in.readerIndex()));
        }
        ctx.fireChannelRead(in);
    }

    private static boolean said(int type) {
        return type == ALERT || type == DATA;
    }

    /** One byte of a record's head: its type, two of the version, and two of the length (RFC 8446 5.1). */
    private void head(int next) {
        if (seen == HEAD - 2) {
            length = next << Byte.SIZE;
        } else if (seen == HEAD - 1) {
            left = length | next;
        }
        seen = (seen + 1) % HEAD;
    }
}
