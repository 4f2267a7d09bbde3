package io.plinth.dbproxy.wire;

/** Kinds of Authentication messages. */
public final class Authentication {
    public static final int OK = 0;
    public static final int CLEARTEXT = 3;
    public static final int MD5 = 5;
    public static final int SASL = 10;
    public static final int SASL_CONTINUE = 11;
    public static final int SASL_FINAL = 12;
    public static final String SCRAM = "SCRAM-SHA-256";
    public static final String SCRAM_PLUS = "SCRAM-SHA-256-PLUS";

    private Authentication() {}
}
