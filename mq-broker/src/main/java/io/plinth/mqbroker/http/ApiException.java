package io.plinth.mqbroker.http;

/** A request that is refused, as RabbitMQ words it. Stackless: it is expected behaviour. */
public final class ApiException extends RuntimeException {
    private final int status;
    private final String error;

    public ApiException(int status, String error, String reason) {
        super(reason, null, false, false);
        this.status = status;
        this.error = error;
    }

    public static ApiException badRequest(String reason) {
        return new ApiException(400, "bad_request", reason);
    }

    public static ApiException notFound() {
        return new ApiException(404, "Object Not Found", "Not Found");
    }

    public static ApiException forbidden(String reason) {
        return new ApiException(401, "not_authorised", reason);
    }

    public int status() {
        return status;
    }

    public String error() {
        return error;
    }
}
