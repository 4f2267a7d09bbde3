package io.plinth.lbproxy.wire.http1;

import org.jspecify.annotations.Nullable;

/** A status line and its fields. Owned by the event loop of the server's connection. */
public final class ResponseHead extends Head {
    private int status;
    private boolean http10;
    private int statusStart;
    private int lineEnd;

    @Override
    public void reset() {
        super.reset();
        status = 0;
        http10 = false;
        statusStart = 0;
        lineEnd = 0;
    }

    /** RFC 9112 4: {@code HTTP/1.1 SP 3DIGIT SP [reason]}; the last space is often missing and let pass. */
    @Override
    @Nullable
    Rejection startLine(byte[] line, int from, int to) {
        if (to - from < 12
                || line[from] != 'H'
                || line[from + 1] != 'T'
                || line[from + 2] != 'T'
                || line[from + 3] != 'P'
                || line[from + 4] != '/'
                || line[from + 5] != '1'
                || line[from + 6] != '.'
                || (line[from + 7] != '1' && line[from + 7] != '0')
                || line[from + 8] != Octets.SPACE
                || (to - from > 12 && line[from + 12] != Octets.SPACE)) {
            return Rejection.STATUS_LINE;
        }
        http10 = line[from + 7] == '0';
        int code = 0;
        for (int i = from + 9; i < from + 12; i++) {
            int digit = line[i] - '0';
            if (digit < 0 || digit > 9) {
                return Rejection.STATUS_LINE;
            }
            code = code * 10 + digit;
        }
        if (code < 100 || code > 599) {
            return Rejection.STATUS_LINE;
        }
        status = code;
        statusStart = from + 9;
        lineEnd = to;
        return null;
    }

    public int status() {
        return status;
    }

    public boolean http10() {
        return http10;
    }

    /** Where the three digits begin. */
    public int statusStart() {
        return statusStart;
    }

    /** Where the status line ends, before its CR. */
    public int statusLineEnd() {
        return lineEnd;
    }
}
