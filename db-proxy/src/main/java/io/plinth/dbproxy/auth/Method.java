package io.plinth.dbproxy.auth;

/** How a client proves who it is. */
public enum Method {
    TRUST,
    REJECT,
    SCRAM,
    MD5,
    /** The password itself, which may be tried on the server. */
    PASSWORD,
    /** The name in a certificate. */
    CERT
}
