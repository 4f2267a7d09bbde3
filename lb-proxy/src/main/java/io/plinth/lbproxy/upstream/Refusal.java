package io.plinth.lbproxy.upstream;

/** Why a pool gives no connection. */
public enum Refusal {
    NO_SERVER(503, "no healthy server"),
    CIRCUIT_OPEN(503, "circuit breaker open, too many requests failed"),
    QUEUE_FULL(503, "every connection in use and the queue full"),
    QUEUE_TIMEOUT(503, "every connection in use for longer than timeouts.queue"),
    /** RFC 8441 3. */
    NO_TUNNEL(502, "server does not take WebSockets over HTTP/2");

    private final int status;
    private final String text;

    Refusal(int status, String text) {
        this.status = status;
        this.text = text;
    }

    public int status() {
        return status;
    }

    public String text() {
        return text;
    }
}
