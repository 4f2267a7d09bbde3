package io.plinth.mqbroker.wire;

/** Reply codes of AMQP 0-9-1 section 1.2 and RabbitMQ's extensions. A hard error closes the connection, a soft one its channel. */
public enum ReplyCode {
    REPLY_SUCCESS(200, false),
    NO_ROUTE(312, false),
    ACCESS_REFUSED(403, false),
    NOT_FOUND(404, false),
    RESOURCE_LOCKED(405, false),
    PRECONDITION_FAILED(406, false),
    CONNECTION_FORCED(320, true),
    INVALID_PATH(402, true),
    FRAME_ERROR(501, true),
    SYNTAX_ERROR(502, true),
    COMMAND_INVALID(503, true),
    CHANNEL_ERROR(504, true),
    UNEXPECTED_FRAME(505, true),
    RESOURCE_ERROR(506, true),
    NOT_ALLOWED(530, true),
    NOT_IMPLEMENTED(540, true),
    INTERNAL_ERROR(541, true);

    private final int code;
    private final boolean hard;

    ReplyCode(int code, boolean hard) {
        this.code = code;
        this.hard = hard;
    }

    public int code() {
        return code;
    }

    /** Whether it closes the connection. */
    public boolean hard() {
        return hard;
    }

    /** {@code CODE_NAME - text}, as clients show it. */
    public String text(String detail) {
        return name() + " - " + detail;
    }
}
