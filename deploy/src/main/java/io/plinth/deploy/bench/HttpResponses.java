package io.plinth.deploy.bench;

import io.netty.buffer.ByteBuf;
import java.util.Locale;

/** Counts whole responses of one connection that are 200 and have a Content-Length. Owned by its connection's event loop. */
final class HttpResponses {
    /** What {@link #read} returns for anything else. */
    static final int WRONG = -1;

    private static final int END_OF_HEAD = 0x0D0A0D0A;
    private static final String LENGTH = "content-length:";

    private final StringBuilder head = new StringBuilder();
    private int lastFour;
    private long bodyLeft;
    private boolean inBody;

    /** Takes what is readable; returns how many responses ended in it, or {@link #WRONG}. */
    int read(ByteBuf in) {
        int whole = 0;
        while (in.isReadable() || (inBody && bodyLeft == 0)) {
            if (inBody) {
                int taken = (int) Math.min(bodyLeft, in.readableBytes());
                in.skipBytes(taken);
                bodyLeft -= taken;
                if (bodyLeft == 0) {
                    inBody = false;
                    whole++;
                }
            } else {
                byte next = in.readByte();
                head.append((char) next);
                lastFour = lastFour << 8 | next;
                if (lastFour == END_OF_HEAD && !beginBody()) {
                    return WRONG;
                }
            }
        }
        return whole;
    }

    private boolean beginBody() {
        String text = head.toString().toLowerCase(Locale.ROOT);
        head.setLength(0);
        lastFour = 0;
        int at = text.indexOf(LENGTH);
        if (!text.startsWith("http/1.1 200 ") || at < 0) {
            return false;
        }
        bodyLeft = Long.parseLong(
                text.substring(at + LENGTH.length(), text.indexOf('\r', at)).strip());
        inBody = true;
        return true;
    }
}
