package io.plinth.mqbroker.exchange;

import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What of a message beside its key decides where it goes; looked up only by exchanges that ask. For one thread. */
public final class Attributes {
    /** The header of further routing keys. */
    public static final String COPIES = "CC";

    /** The header of further routing keys that receivers do not see. */
    public static final String BLIND_COPIES = "BCC";

    /** The header that says how long a delayed exchange keeps a message. */
    public static final String DELAY = "x-delay";

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

    /** Further routing keys. */
    public List<String> copies() {
        if (!ContentProperties.mayHaveHeader(properties, COPIES)
                && !ContentProperties.mayHaveHeader(properties, BLIND_COPIES)) {
            return List.of();
        }
        List<String> keys = new ArrayList<>();
        for (String header : List.of(COPIES, BLIND_COPIES)) {
            if (headers().get(header) instanceof List<?> list) {
                list.forEach(key -> keys.add(String.valueOf(key)));
            }
        }
        return keys;
    }

    /** Milliseconds a delayed exchange keeps it; 0 or less for none. */
    long delay() {
        Long delay = ContentProperties.mayHaveHeader(properties, DELAY)
                ? FieldTable.integer(headers().get(DELAY))
                : null;
        return delay == null ? 0 : delay;
    }

    /** A property as text, or null where it is absent. */
    public @Nullable String property(ContentProperties.Field field) {
        return ContentProperties.text(properties, field);
    }
}
