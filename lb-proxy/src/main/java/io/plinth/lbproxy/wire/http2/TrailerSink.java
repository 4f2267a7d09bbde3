package io.plinth.lbproxy.wire.http2;

import io.plinth.lbproxy.wire.http1.TrailerFields;
import org.jspecify.annotations.Nullable;

/** Makes trailer fields of a header block (RFC 9113 8.1). Owned by its connection's event loop; reused. */
public final class TrailerSink implements FieldSink {
    private TrailerFields fields = new TrailerFields();
    private @Nullable String malformed;

    /** Begins trailers; the fields are a fresh object, since they may have to wait. */
    public void begin() {
        fields = new TrailerFields();
        fields.beginFields();
        malformed = null;
    }

    @Override
    public void field(byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        if (malformed == null) {
            malformed = RequestFields.wrongField(name, nameFrom, nameTo, value, valueFrom, valueTo);
        }
        if (malformed == null) {
            fields.field(name, nameFrom, nameTo, value, valueFrom, valueTo);
        }
    }

    /** Why they are malformed, which ends the stream; null when they are not. */
    public @Nullable String malformed() {
        return malformed;
    }

    public TrailerFields fields() {
        return fields;
    }
}
