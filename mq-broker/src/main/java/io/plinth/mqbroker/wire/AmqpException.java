package io.plinth.mqbroker.wire;

/** The peer did something that is answered by closing its channel or its connection. Stackless: it is expected behaviour. */
public final class AmqpException extends RuntimeException {
    private final ReplyCode code;

    public AmqpException(ReplyCode code, String detail) {
        super(detail, null, false, false);
        this.code = code;
    }

    public ReplyCode code() {
        return code;
    }

    /** The reply text for the close method, cut to what a short string holds. */
    public String replyText() {
        return ShortString.cut(code.text(String.valueOf(getMessage())));
    }
}
