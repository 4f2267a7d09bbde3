package io.plinth.lbproxy.wire.http2;

/**
 * How much a peer may send and make us hold.
 *
 * @param streams open at once
 * @param streamWindow body bytes of one stream that may be on their way to whoever takes them
 * @param connectionWindow the same over all streams
 * @param headerBytes a message's fields, counted as RFC 9113 6.5.2 does; a header block may take as many on the wire
 * @param headers fields of a message
 * @param continuations CONTINUATION frames of a header block
 * @param resets streams that end in RST_STREAM within {@link FloodGuard#WINDOW_NANOS}
 * @param control frames that carry nothing, beyond those that go with requests and data, within the same time
 * @param tableSize of our HPACK tables
 */
public record Http2Limits(
        int streams,
        int streamWindow,
        int connectionWindow,
        int headerBytes,
        int headers,
        int continuations,
        int resets,
        int control,
        int tableSize) {}
