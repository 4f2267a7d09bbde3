package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Makes a response's head of a header block's fields, in the form that HTTP/1.1 has, less the empty line. What RFC 9113 8
 * calls malformed is refused. Owned by its connection's event loop; reused.
 */
public final class ResponseFields implements FieldSink {
    private static final byte[] STATUS = ascii(":status");
    private static final byte[] LENGTH = ascii("content-length");
    private static final byte[] LINE = ascii("HTTP/1.1 ");
    private static final byte[][] CONNECTION_SPECIFIC = {
        ascii("connection"),
        ascii("proxy-connection"),
        ascii("keep-alive"),
        ascii("transfer-encoding"),
        ascii("upgrade")
    };

    private @Nullable ByteBuf out;
    private int status;
    private boolean hasLength;
    private @Nullable String malformed;

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Begins a response, whose head goes into {@code into}. */
    public void begin(ByteBuf into) {
        out = into;
        status = 0;
        hasLength = false;
        malformed = null;
    }

    @Override
    public void field(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        ByteBuf to = out;
        if (malformed != null || to == null) {
            return;
        }
        if (nameFrom < nameTo && name[nameFrom] == ':') {
            status(to, name, nameFrom, nameTo, value, valueFrom, valueTo);
            return;
        }
        malformed = status == 0
                ? ":status missing"
                : RequestFields.wrongField(name, nameFrom, nameTo, value, valueFrom, valueTo);
        for (byte[] specific : CONNECTION_SPECIFIC) {
            if (Arrays.equals(name, nameFrom, nameTo, specific, 0, specific.length)) {
                malformed = "connection-specific field";
            }
        }
        if (malformed == null) {
            hasLength |= Arrays.equals(name, nameFrom, nameTo, LENGTH, 0, LENGTH.length);
            to.writeBytes(name, nameFrom, nameTo - nameFrom)
                    .writeByte(':')
                    .writeByte(' ')
                    .writeBytes(value, valueFrom, valueTo - valueFrom)
                    .writeByte('\r')
                    .writeByte('\n');
        }
    }

    private void status(ByteBuf to, byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        if (status != 0 || !Arrays.equals(name, nameFrom, nameTo, STATUS, 0, STATUS.length)) {
            malformed = "pseudo-header other than one :status";
            return;
        }
        int code = 0;
        for (int i = valueFrom; i < valueTo; i++) {
            int digit = value[i] - '0';
            code = digit < 0 || digit > 9 ? Integer.MIN_VALUE : code * 10 + digit;
        }
        if (valueTo - valueFrom != 3 || code < 100 || code > 599 || code == 101) {
            malformed = ":status that is none";
            return;
        }
        status = code;
        to.writeBytes(LINE)
                .writeBytes(value, valueFrom, 3)
                .writeByte(' ')
                .writeByte('\r')
                .writeByte('\n');
    }

    /** Why the message is malformed; null when it is not. */
    public @Nullable String malformed() {
        return malformed == null && status == 0 ? ":status missing" : malformed;
    }

    public int status() {
        return status;
    }

    public boolean hasLength() {
        return hasLength;
    }
}
