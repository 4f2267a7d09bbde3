package io.plinth.mqbroker.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON as maps, lists, strings, numbers, booleans and nulls. The body's limit bounds what is read. */
public final class Json {
    private static final int DEPTH = 64;
    private static final int TEXT = 32 << 20;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH)
                    .maxStringLength(TEXT)
                    .maxNumberLength(100)
                    .build())
            .build();

    private Json() {}

    /** Reads a whole document; what is wrong is told by its place, since its words may be somebody's password. */
    public static @Nullable Object read(byte[] body) throws IOException {
        try (JsonParser in = FACTORY.createParser(body)) {
            in.nextToken();
            Object value = value(in);
            if (in.nextToken() != null) {
                throw new IOException("JSON: more than one value (expected: one)");
            }
            return value;
        } catch (StreamConstraintsException e) {
            throw new IOException(place(e) + ": nested deeper than " + DEPTH + ", or a text or number too long");
        } catch (JsonProcessingException e) {
            throw new IOException(place(e) + ": not JSON");
        }
    }

    private static String place(JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        return at == null ? "JSON" : "line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    private static @Nullable Object value(JsonParser in) throws IOException {
        JsonToken token = in.currentToken();
        if (token == null) {
            throw new IOException("JSON: empty (expected: a value)");
        }
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (in.nextToken() != JsonToken.END_OBJECT) {
                    String name = in.currentName();
                    in.nextToken();
                    map.put(name, value(in));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(in));
                }
                yield list;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> whole(in);
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> throw new IOException("JSON: " + token + " (expected: a value)");
        };
    }

    private static Object whole(JsonParser in) throws IOException {
        BigInteger number = in.getBigIntegerValue();
        return number.bitLength() < Long.SIZE ? (Object) number.longValue() : (Object) number.doubleValue();
    }

    public static byte[] bytes(@Nullable Object value) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (JsonGenerator out = generator(body)) {
            write(out, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return body.toByteArray();
    }

    static JsonGenerator generator(ByteArrayOutputStream body) {
        try {
            return FACTORY.createGenerator(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void write(JsonGenerator out, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.writeNull();
            case String v -> out.writeString(v);
            case Boolean v -> out.writeBoolean(v);
            case Integer v -> out.writeNumber(v);
            case Long v -> out.writeNumber(v);
            case Double v -> out.writeNumber(v);
            case Map<?, ?> v -> {
                out.writeStartObject();
                for (Map.Entry<?, ?> entry : v.entrySet()) {
                    out.writeFieldName(String.valueOf(entry.getKey()));
                    write(out, entry.getValue());
                }
                out.writeEndObject();
            }
            case Iterable<?> v -> {
                out.writeStartArray();
                for (Object item : v) {
                    write(out, item);
                }
                out.writeEndArray();
            }
            default -> out.writeString(value.toString());
        }
    }
}
