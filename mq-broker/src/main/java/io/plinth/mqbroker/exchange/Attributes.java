package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import org.jspecify.annotations.Nullable;

/** What of a message beside its key decides where it goes; looked up only by exchanges that ask. For one thread. */
public final class Attributes {
    private final byte[] properties;
    private @Nullable FieldTable headers;

    /** Of the properties as they stand on the wire. */
    public Attributes(byte[] properties) {
        this.properties = properties;
    }

    /** Of a message that has nothing but headers. */
    public static Attributes ofHeaders(FieldTable headers) {
        Attributes attributes = new Attributes(new byte[2]);
        attributes.headers = headers;
        return attributes;
    }

    public FieldTable headers() {
        FieldTable table = headers;
        if (table == null) {
            table = ContentProperties.headers(properties);
            headers = table;
        }
        return table;
    }

    /** A property as text, or null where it is absent. */
    public @Nullable String property(ContentProperties.Field field) {
        return ContentProperties.text(properties, field);
    }
}
