package io.plinth.mqbroker.management;

import io.netty.buffer.ByteBufUtil;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.wire.FieldTable;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Field tables as JSON and back. Whole numbers become 64 bits wide; equality of arguments does not look at the width. */
final class Tables {
    private static final int MAX_SHORT = 255;

    private Tables() {}

    static Map<String, @Nullable Object> json(FieldTable table) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        table.entries().forEach((key, value) -> map.put(key, json(value)));
        return map;
    }

    static @Nullable Object json(@Nullable Object value) {
        Long whole = FieldTable.integer(value);
        if (whole != null) {
            return whole;
        }
        return switch (value) {
            case null -> null;
            case FieldTable table -> json(table);
            case List<?> list -> {
                List<@Nullable Object> items = new ArrayList<>();
                list.forEach(item -> items.add(json(item)));
                yield items;
            }
            case Float number -> (double) number;
            case BigDecimal number -> number.doubleValue();
            case FieldTable.Timestamp time -> time.seconds();
            case FieldTable.Octets octets -> new String(octets.bytes(), StandardCharsets.ISO_8859_1);
            default -> value;
        };
    }

    /** A flag of a document, which may be left out or written as a text. */
    static boolean flag(Map<String, @Nullable Object> document, String name) {
        Object value = document.get(name);
        if (value == null || value.equals(false) || value.equals("false")) {
            return false;
        }
        if (value.equals(true) || value.equals("true")) {
            return true;
        }
        throw ApiException.badRequest("not_boolean: " + name + " " + value + " (expected: true or false)");
    }

    /** A JSON object as a table; anything else is an empty one. */
    static FieldTable table(@Nullable Object json) {
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        if (json instanceof Map<?, ?> map) {
            map.forEach((key, value) -> entries.put(key(String.valueOf(key)), value(value)));
        }
        return new FieldTable(entries);
    }

    private static String key(String key) {
        return shortString("key", key);
    }

    /** Refuses what no short string holds. */
    static String shortString(String what, String text) {
        int octets = ByteBufUtil.utf8Bytes(text);
        if (octets > MAX_SHORT) {
            throw ApiException.badRequest(what + ": " + octets + " octets (expected: at most " + MAX_SHORT + ")");
        }
        return text;
    }

    static @Nullable Object value(@Nullable Object json) {
        return switch (json) {
            case null -> null;
            case Map<?, ?> map -> table(map);
            case List<?> list -> {
                List<@Nullable Object> items = new ArrayList<>();
                list.forEach(item -> items.add(value(item)));
                yield items;
            }
            default -> json;
        };
    }
}
