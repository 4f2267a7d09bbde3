package io.plinth.lbproxy.wire.http2;

/** Takes the fields of a header block in order. The bytes are good during the call alone. */
public interface FieldSink {
    void field(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo);

    /** For a block whose fields nobody wants; it is decoded all the same, as the tables depend on it. */
    FieldSink NOBODY = (name, nameFrom, nameTo, value, valueFrom, valueTo) -> {};
}
