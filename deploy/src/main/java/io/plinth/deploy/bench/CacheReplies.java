package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;

/** Counts whole replies of a cache in a stream of bytes. Owned by its connection's event loop. */
final class CacheReplies {
    private final boolean memcached;
    /** Bytes of a value, with what ends it, that are still to come. */
    private long skip;

    private final StringBuilder line = new StringBuilder();
    private long errors;

    CacheReplies(boolean memcached) {
        this.memcached = memcached;
    }

    /** Takes all bytes; returns how many replies were completed by them. */
    int read(ByteBuf in) {
        int whole = 0;
        while (in.isReadable()) {
            if (skip > 0) {
                int step = (int) Math.min(skip, in.readableBytes());
                in.skipBytes(step);
                skip -= step;
                if (skip == 0 && !memcached) {
                    whole++;
                }
                continue;
            }
            int end = in.indexOf(in.readerIndex(), in.writerIndex(), (byte) '\n');
            int length = (end < 0 ? in.writerIndex() : end) - in.readerIndex();
            for (int i = 0; i < length; i++) {
                line.append((char) in.readByte());
            }
            if (end >= 0) {
                in.skipBytes(1);
                whole += memcached ? memcached() : redis();
                line.setLength(0);
            }
        }
        return whole;
    }

    /** Replies that were errors, so far. */
    long errors() {
        return errors;
    }

    private int redis() {
        switch (line.charAt(0)) {
            case '$' -> {
                int length = number(1);
                if (length < 0) {
                    return 1;
                }
                skip = length + 2L;
                return 0;
            }
            case '-' -> errors++;
            default -> {
                // An integer or a simple string: the line is all of it.
            }
        }
        return 1;
    }

    private int memcached() {
        if (line.indexOf("VALUE ") == 0) {
            skip = number(line.lastIndexOf(" ") + 1) + 2L;
            return 0;
        }
        if (line.indexOf("END") != 0 && line.indexOf("STORED") != 0) {
            errors++;
        }
        return 1;
    }

    private int number(int from) {
        return Integer.parseInt(line, from, line.length() - 1, 10);
    }
}
