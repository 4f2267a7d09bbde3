package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordType;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Set;

/** Record data as zone files write it, one grammar for each type (RFC 1035, 2782, 3596, 3597, 8659). */
final class RdataText {
    /** What a zone file may hold, for error texts. */
    static final String TYPES = "SOA NS A AAAA CNAME MX TXT SRV PTR CAA, or TYPEn with \\# for any other";

    private static final Set<Integer> SPECIFIC = Set.of(
            RecordType.SOA,
            RecordType.NS,
            RecordType.CNAME,
            RecordType.PTR,
            RecordType.MX,
            RecordType.SRV,
            RecordType.TXT,
            RecordType.CAA);

    private RdataText() {}

    /** Reads all that is left of an entry. */
    static Rdata parse(int type, Words words) {
        boolean generic = words.peek().equals("\\#");
        if (generic) {
            words.word("data");
        }
        Rdata data = generic ? generic(type, words) : specific(type, words);
        words.end();
        return data;
    }

    private static Rdata generic(int type, Words words) {
        if (SPECIFIC.contains(type)) {
            throw new IllegalArgumentException("data: \\# for " + RecordType.name(type)
                    + " (expected: its own form; \\# is for types the server does not know)");
        }
        byte[] octets = words.generic();
        int size = type == RecordType.A ? 4 : type == RecordType.AAAA ? 16 : octets.length;
        if (octets.length != size) {
            throw new IllegalArgumentException(
                    "data: " + octets.length + " octets (expected: " + size + " for an address)");
        }
        return Rdata.of(octets);
    }

    private static Rdata specific(int type, Words words) {
        return switch (type) {
            case RecordType.A -> Rdata.of(words.ipv4());
            case RecordType.AAAA -> Rdata.of(words.ipv6());
            case RecordType.NS, RecordType.CNAME, RecordType.PTR -> Rdata.of(words.name("name"));
            case RecordType.MX -> Rdata.of(shorts(words.number("preference", 0xFFFF)), words.name("name"));
            case RecordType.SRV -> srv(words);
            case RecordType.SOA -> soa(words);
            case RecordType.TXT -> txt(words);
            case RecordType.CAA -> caa(words);
            default ->
                throw new IllegalArgumentException("data: " + words.peek()
                        + " (expected: \\# LENGTH HEX, as for every type that is not one of " + TYPES + ")");
        };
    }

    private static byte[] shorts(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * 2);
        for (int value : values) {
            buffer.putShort((short) value);
        }
        return buffer.array();
    }

    private static Rdata srv(Words words) {
        byte[] lead =
                shorts(words.number("priority", 0xFFFF), words.number("weight", 0xFFFF), words.number("port", 0xFFFF));
        return Rdata.uncompressed(lead, words.name("target"));
    }

    private static Rdata soa(Words words) {
        Name primary = words.name("primary server");
        Name mailbox = words.name("mailbox");
        ByteBuffer tail = ByteBuffer.allocate(20)
                .putInt(words.serial())
                .putInt(words.seconds("refresh"))
                .putInt(words.seconds("retry"))
                .putInt(words.seconds("expire"))
                .putInt(words.seconds("minimum"));
        return Rdata.of(primary, mailbox, tail.array());
    }

    private static Rdata txt(Words words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        do {
            byte[] string = words.string("string");
            out.write(string.length);
            out.writeBytes(string);
        } while (words.hasNext());
        return Rdata.of(out.toByteArray());
    }

    private static Rdata caa(Words words) {
        int flags = words.number("flags", 255);
        byte[] tag = words.string("tag");
        if (tag.length == 0 || !Words.latin(tag).chars().allMatch(RdataText::isLetterOrDigit)) {
            throw new IllegalArgumentException(
                    "tag: " + Words.latin(tag) + " (expected: letters and digits, such as issue)");
        }
        byte[] value = words.unescaped("value");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(flags);
        out.write(tag.length);
        out.writeBytes(tag);
        out.writeBytes(value);
        return Rdata.of(out.toByteArray());
    }

    private static boolean isLetterOrDigit(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}
