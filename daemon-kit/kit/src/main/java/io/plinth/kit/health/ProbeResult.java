package io.plinth.kit.health;

/**
 * What a probe found.
 *
 * @param reason for people: {@code 200 OK}, {@code no answer within 1000 ms}
 * @param weight the share of its usual traffic that it wants, in percent
 * @param holdsSeconds how long the source says that this holds; {@link #UNKNOWN} where it says nothing
 */
public record ProbeResult(boolean success, String reason, int weight, int holdsSeconds) {
    /** Of a weight or a time that the source does not tell. */
    static final int UNKNOWN = -1;

    static final int FULL = 100;

    /** Of a probe that can only succeed or fail. */
    public ProbeResult(boolean success, String reason) {
        this(success, reason, FULL, UNKNOWN);
    }
}
