package io.plinth.geodns.wire;

/**
 * What is asked.
 *
 * @param name with the case it was asked in
 * @param type a record type or ANY
 * @param klass 1 for IN
 */
public record Question(Name name, int type, int klass) {
    /** The Internet class. */
    public static final int IN = 1;
}
