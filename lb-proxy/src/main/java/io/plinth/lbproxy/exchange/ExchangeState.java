package io.plinth.lbproxy.exchange;

/**
 * Where an exchange stands.
 *
 * <pre>
 * READING_HEAD      -> ACQUIRING          head right and a route found
 * ACQUIRING         -> AWAITING_RESPONSE  connected; the head is sent, the body follows as it comes
 * AWAITING_RESPONSE -> ACQUIRING          the server closed before a byte of its response; GET or HEAD, tries left
 * AWAITING_RESPONSE -> RELAYING           first byte of a response
 * RELAYING          -> TUNNEL             101
 * any               -> ENDED              response complete, answered here, or either side gone
 * </pre>
 */
enum ExchangeState {
    READING_HEAD,
    ACQUIRING,
    AWAITING_RESPONSE,
    RELAYING,
    TUNNEL,
    ENDED
}
