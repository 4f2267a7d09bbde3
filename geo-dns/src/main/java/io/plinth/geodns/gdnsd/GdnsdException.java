package io.plinth.geodns.gdnsd;

/** A configuration that gdnsd would not take either; the message says where and why. */
public final class GdnsdException extends Exception {
    private static final long serialVersionUID = 1;

    GdnsdException(Vscf.Mark at, String message) {
        super(at + ": " + message);
    }
}
