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
public record Http1Limits(int startLine, int headerBytes, int headers, int chunkLine, int trailerBytes) {}
