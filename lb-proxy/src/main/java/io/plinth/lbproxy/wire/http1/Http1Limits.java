package io.plinth.lbproxy.wire.http1;

/**
 * How much of a message may come before it is refused.
 *
 * @param startLine bytes of a request or status line
 * @param headerBytes bytes of all header fields
 * @param headers number of header fields
 * @param chunkLine bytes of a chunk's size and extensions
 * @param trailerBytes bytes of all trailer fields
 */
public record Http1Limits(int startLine, int headerBytes, int headers, int chunkLine, int trailerBytes) {
    /** For what we made ourselves, which is within a client's limits and some lines more. */
    public static final Http1Limits OWN = new Http1Limits(2 << 20, 4 << 20, 4096, 1 << 20, 1 << 20);
}
