package io.plinth.lbproxy.upstream;

/** How a server has left a request without a whole response. */
public enum Ending {
    /** It closed, or the connection broke. */
    CLOSED,
    /** It said that it did nothing for the request (RFC 9113 8.7). */
    UNTOUCHED,
    /** It gave the stream up: CANCEL (RFC 9113 7), as gRPC servers do once a call's deadline has passed. */
    CANCELLED
}
