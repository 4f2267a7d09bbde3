package io.plinth.geodns.zone;

import io.netty.util.NetUtil;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Octets;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordType;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Record data as zone files write it and back, one line of fields for each type (RFC 1035, 1876, 2782, 3403, 3596, 3597,
 * 4034, 4255, 6672, 6698, 7553, 8659, 9460). Stateless.
 */
public final class RdataText {
    /** What a zone file may hold, for error texts. */
    static final String TYPES = "SOA NS A AAAA CNAME DNAME PTR MX TXT HINFO SRV NAPTR CAA TLSA SSHFP DS SVCB HTTPS URI"
            + " LOC, ALIAS or POLICY, or TYPEn with \\# for any other";

    private enum Field {
        SHORT_NUMBER(1),
        NUMBER(2),
        SERIAL(4),
        SECONDS(4),
        IPV4(4),
        IPV6(16),
        NAME(0),
        STRING(0),
        STRINGS(0),
        TAG(0),
        TEXT(0),
        HEX(0),
        LOCATION(16),
        PARAMETERS(0);

        private final int size;

        Field(int size) {
            this.size = size;
        }
    }

    private static final Map<Integer, Field[]> FIELDS = Map.ofEntries(
            of(RecordType.A, Field.IPV4),
            of(RecordType.AAAA, Field.IPV6),
            of(RecordType.NS, Field.NAME),
            of(RecordType.CNAME, Field.NAME),
            of(RecordType.PTR, Field.NAME),
            of(RecordType.DNAME, Field.NAME),
            of(RecordType.ALIAS, Field.NAME),
            of(RecordType.POLICY, Field.TEXT),
            of(
                    RecordType.SOA,
                    Field.NAME,
                    Field.NAME,
                    Field.SERIAL,
                    Field.SECONDS,
                    Field.SECONDS,
                    Field.SECONDS,
                    Field.SECONDS),
            of(RecordType.MX, Field.NUMBER, Field.NAME),
            of(RecordType.TXT, Field.STRINGS),
            of(RecordType.HINFO, Field.STRING, Field.STRING),
            of(RecordType.SRV, Field.NUMBER, Field.NUMBER, Field.NUMBER, Field.NAME),
            of(RecordType.NAPTR, Field.NUMBER, Field.NUMBER, Field.STRING, Field.STRING, Field.STRING, Field.NAME),
            of(RecordType.CAA, Field.SHORT_NUMBER, Field.TAG, Field.TEXT),
            of(RecordType.DS, Field.NUMBER, Field.SHORT_NUMBER, Field.SHORT_NUMBER, Field.HEX),
            of(RecordType.TLSA, Field.SHORT_NUMBER, Field.SHORT_NUMBER, Field.SHORT_NUMBER, Field.HEX),
            of(RecordType.SSHFP, Field.SHORT_NUMBER, Field.SHORT_NUMBER, Field.HEX),
            of(RecordType.SVCB, Field.NUMBER, Field.NAME, Field.PARAMETERS),
            of(RecordType.HTTPS, Field.NUMBER, Field.NAME, Field.PARAMETERS),
            of(RecordType.URI, Field.NUMBER, Field.NUMBER, Field.TEXT),
            of(RecordType.LOC, Field.LOCATION));

    private RdataText() {}

    private static Map.Entry<Integer, Field[]> of(int type, Field... fields) {
        return Map.entry(type, fields);
    }

    /** Reads all that is left of an entry. */
    static Rdata parse(int type, Words words) {
        Field[] fields = FIELDS.get(type);
        byte[] octets;
        if (words.peek().equals("\\#")) {
            words.word("data");
            octets = words.generic();
            words.end();
            // Known types are checked in their generic form too (RFC 3597 section 5).
            if (fields != null) {
                format(fields, type, octets);
            }
        } else if (fields == null) {
            throw new IllegalArgumentException("data: " + words.peek()
                    + " (expected: \\# LENGTH HEX, as for every type that is not one of " + TYPES + ")");
        } else {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (Field field : fields) {
                write(field, words, out);
            }
            octets = out.toByteArray();
            words.end();
        }
        return Rdata.of(type, octets);
    }

    private static void write(Field field, Words words, ByteArrayOutputStream out) {
        switch (field) {
            case SHORT_NUMBER -> out.write(words.number("number", 0xFF));
            case NUMBER -> {
                int number = words.number("number", 0xFFFF);
                out.write(number >>> 8);
                out.write(number);
            }
            case SERIAL -> out.writeBytes(four(words.serial()));
            case SECONDS -> out.writeBytes(four(words.seconds("seconds")));
            case IPV4 -> out.writeBytes(words.ipv4());
            case IPV6 -> out.writeBytes(words.ipv6());
            case NAME -> out.writeBytes(words.name("name").octets());
            case STRING -> string(words, out);
            case STRINGS -> {
                do {
                    string(words, out);
                } while (words.hasNext());
            }
            case TAG -> tag(words, out);
            case TEXT -> out.writeBytes(words.unescaped("value"));
            case HEX -> out.writeBytes(words.hex());
            case LOCATION -> out.writeBytes(Location.parse(words));
            case PARAMETERS -> out.writeBytes(ServiceParameters.parse(words));
        }
    }

    private static byte[] four(int value) {
        byte[] octets = new byte[4];
        Octets.putInt(octets, 0, value);
        return octets;
    }

    private static void string(Words words, ByteArrayOutputStream out) {
        byte[] string = words.string("string");
        out.write(string.length);
        out.writeBytes(string);
    }

    private static void tag(Words words, ByteArrayOutputStream out) {
        byte[] tag = words.string("tag");
        if (tag.length == 0 || !Words.latin(tag).chars().allMatch(RdataText::isLetterOrDigit)) {
            throw new IllegalArgumentException(
                    "tag: " + Words.latin(tag) + " (expected: letters and digits, such as issue)");
        }
        out.write(tag.length);
        out.writeBytes(tag);
    }

    private static boolean isLetterOrDigit(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    /** Data as a zone file writes it, names absolute; in the generic form where the type has none of its own. */
    public static String format(int type, Rdata data) {
        byte[] octets = data.octets();
        Field[] fields = FIELDS.get(type);
        return fields == null ? generic(octets) : format(fields, type, octets);
    }

    private static String generic(byte[] octets) {
        return "\\# " + octets.length + " " + HexFormat.of().formatHex(octets);
    }

    private static String format(Field[] fields, int type, byte[] octets) {
        StringBuilder text = new StringBuilder();
        int at = 0;
        for (Field field : fields) {
            if (at + field.size > octets.length) {
                throw bad(type, octets);
            }
            String word = word(field, octets, at);
            int length = length(field, octets, at);
            if (word == null || length < 0 || at + length > octets.length) {
                throw bad(type, octets);
            }
            at += length;
            text.append(text.isEmpty() || word.isEmpty() ? "" : " ").append(word);
        }
        if (at != octets.length) {
            throw bad(type, octets);
        }
        return text.toString();
    }

    private static IllegalArgumentException bad(int type, byte[] octets) {
        return new IllegalArgumentException(
                "data: " + generic(octets) + " (expected: octets of the form of " + RecordType.name(type) + ")");
    }

    private static int length(Field field, byte[] octets, int at) {
        return switch (field) {
            case NAME -> Name.read(octets, at, octets.length).length();
            case STRING, TAG -> at < octets.length ? 1 + (octets[at] & 0xFF) : -1;
            case STRINGS, TEXT, HEX, PARAMETERS -> octets.length - at;
            default -> field.size;
        };
    }

    /** Null where the octets are not what the field is. */
    private static @Nullable String word(Field field, byte[] octets, int at) {
        return switch (field) {
            case SHORT_NUMBER -> String.valueOf(octets[at] & 0xFF);
            case NUMBER -> String.valueOf(Octets.unsignedShort(octets, at));
            case SERIAL, SECONDS -> Integer.toUnsignedString(Octets.intAt(octets, at));
            case IPV4, IPV6 -> NetUtil.bytesToIpAddress(Arrays.copyOfRange(octets, at, at + field.size));
            case NAME -> Name.read(octets, at, octets.length).toString();
            case STRING -> strings(octets, at, true);
            case STRINGS -> strings(octets, at, false);
            case TAG -> {
                String quoted = strings(octets, at, true);
                yield quoted == null ? null : quoted.substring(1, quoted.length() - 1);
            }
            case TEXT -> Words.quote(octets, at, octets.length);
            case HEX -> HexFormat.of().withUpperCase().formatHex(octets, at, octets.length);
            case LOCATION -> Location.format(octets, at);
            case PARAMETERS -> ServiceParameters.format(octets, at);
        };
    }

    private static @Nullable String strings(byte[] octets, int from, boolean one) {
        StringBuilder text = new StringBuilder();
        int at = from;
        do {
            if (at >= octets.length || at + 1 + (octets[at] & 0xFF) > octets.length) {
                return null;
            }
            int end = at + 1 + (octets[at] & 0xFF);
            text.append(text.isEmpty() ? "" : " ").append(Words.quote(octets, at + 1, end));
            at = end;
        } while (!one && at < octets.length);
        return text.toString();
    }
}
