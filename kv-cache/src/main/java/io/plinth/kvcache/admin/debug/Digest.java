package io.plinth.kvcache.admin.debug;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.value.ValueType;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * DEBUG DIGEST and DIGEST-VALUE, the same digits as Redis's. A digest takes up a thing by exclusive or with its SHA-1, in no order,
 * or in an order by the SHA-1 of what comes of that. Owned by one call.
 */
final class Digest {
    /** Of nothing. */
    static final String NONE = "0".repeat(40);

    /** Digits with which Redis prints a score. */
    private static final int DIGITS = 17;

    private static final int PIECE = 1 << 20;

    private static final byte[] EXPIRES = ascii("!!expire!!");

    private final byte[] sum = new byte[20];

    private Digest() {}

    /** Of everything. */
    static String of(Keyspace keyspace) {
        Digest all = new Digest();
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            if (keyspace.keys(keyspace.databases().stored(db)) > 0) {
                all.mix(number(db));
                int wanted = keyspace.databases().stored(db);
                keyspace.each(segment -> segment.forEach(entry -> {
                    if (entry.db() == wanted) {
                        Digest one = new Digest();
                        one.mix(entry.key());
                        one.value(entry);
                        all.xor(sha(one.sum));
                    }
                }));
            }
        }
        return all.text();
    }

    /** Of a key's value and whether it expires. */
    static String of(Entry entry) {
        Digest one = new Digest();
        one.value(entry);
        return one.text();
    }

    private void value(Entry entry) {
        ValueType type = entry.type();
        mix(number(
                switch (type) {
                    case STRING -> 0;
                    case LIST -> 1;
                    case SET -> 2;
                    case SORTED_SET -> 3;
                    case HASH -> 4;
                    case STREAM -> 6;
                }));
        switch (type) {
            case STRING -> string(entry);
            case LIST -> entry.list().range(0, entry.list().size(), this::mix);
            case SET -> entry.set().forEach(member -> xor(sha(member)));
            case HASH -> entry.hash().forEach(this::pair);
            case SORTED_SET -> entry.sortedSet().forEach((member, score) -> pair(member, ascii(score(score))));
            case STREAM ->
                entry.stream().forEach((id, fields) -> {
                    mix(ascii(Long.toUnsignedString(id.millis()) + "." + Long.toUnsignedString(id.sequence())));
                    fields.forEach(this::mix);
                    return true;
                });
        }
        if (entry.expireAt() != Entry.NEVER) {
            xor(sha(EXPIRES));
        }
    }

    private void pair(byte[] first, byte[] second) {
        Digest pair = new Digest();
        pair.mix(first);
        pair.mix(second);
        xor(sha(pair.sum));
    }

    /** As C prints it with 17 digits. */
    private static String score(double score) {
        if (Double.isInfinite(score)) {
            return score > 0 ? "inf" : "-inf";
        }
        if (score == 0) {
            return 1 / score < 0 ? "-0" : "0";
        }
        BigDecimal rounded = new BigDecimal(score).round(new MathContext(DIGITS, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        BigDecimal plain = rounded.stripTrailingZeros();
        if (exponent >= -4 && exponent < DIGITS) {
            return plain.toPlainString();
        }
        String digits = plain.unscaledValue().abs().toString();
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        String sign = exponent < 0 ? "-" : "+";
        String power = Math.abs(exponent) < 10 ? "0" + Math.abs(exponent) : Integer.toString(Math.abs(exponent));
        return (score < 0 ? "-" : "") + digits.charAt(0) + fraction + "e" + sign + power;
    }

    /** A string's bytes, a piece at a time. */
    private void string(Entry entry) {
        MessageDigest whole = sha1();
        for (int at = 0; at < entry.length(); at += PIECE) {
            whole.update(entry.part(at, Math.min(PIECE, entry.length() - at)));
        }
        mixed(whole.digest());
    }

    private void mix(byte[] bytes) {
        mixed(sha(bytes));
    }

    private void mixed(byte[] digest) {
        xor(digest);
        System.arraycopy(sha(sum), 0, sum, 0, sum.length);
    }

    private void xor(byte[] other) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] ^= other[i];
        }
    }

    private String text() {
        return HexFormat.of().formatHex(sum);
    }

    private static byte[] number(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    private static byte[] sha(byte[] bytes) {
        return sha1().digest(bytes);
    }

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
