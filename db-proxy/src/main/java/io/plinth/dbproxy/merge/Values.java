package io.plinth.dbproxy.merge;

import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How values of PostgreSQL's types compare. Stateless; a type that is not surely understood is refused. */
final class Values {
    private static final int BOOL = 16;
    private static final int BYTEA = 17;
    private static final int NAME = 19;
    private static final int TEXT = 25;
    private static final int FLOAT4 = 700;
    private static final int FLOAT8 = 701;
    private static final int BPCHAR = 1042;
    private static final int VARCHAR = 1043;
    private static final int DATE = 1082;
    private static final int TIMESTAMP = 1114;
    private static final int TIMESTAMPTZ = 1184;
    private static final int UUID = 2950;

    private static final Pattern MOMENT = Pattern.compile("(\\d{4,})-(\\d\\d)-(\\d\\d)(?:"
            + " (\\d\\d):(\\d\\d):(\\d\\d)(?:\\.(\\d{1,6}))?(?:([+-])(\\d\\d)(?::(\\d\\d))?(?::(\\d\\d))?)?)?("
            + " BC)?");

    private Values() {}

    /** Refuses a type whose order is not known; {@code bytewise} is whether text is ordered by its bytes. */
    static void demandOrder(int type, boolean bytewise) throws SqlException {
        boolean text = type == TEXT || type == VARCHAR || type == BPCHAR;
        if (text && !bytewise) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    "a query over several shards cannot sort text by this database's collation",
                    "Write COLLATE \"C\", or make the databases with that collation."));
        }
        if (!text && !ordered(type)) {
            throw new SqlException(
                    SqlError.NOT_SUPPORTED,
                    "a query over several shards cannot sort or compare values of type " + type);
        }
    }

    private static boolean ordered(int type) {
        return switch (type) {
            case BOOL, BYTEA, NAME, FLOAT4, FLOAT8, DATE, TIMESTAMP, TIMESTAMPTZ, UUID -> true;
            default -> Numbers.exact(type);
        };
    }

    static int compare(byte[] a, byte[] b, Rows.Field field) throws SqlException {
        return switch (field.type()) {
            case FLOAT4, FLOAT8 -> Double.compare(real(a, field), real(b, field));
            case DATE, TIMESTAMP, TIMESTAMPTZ -> Long.compare(moment(a, field), moment(b, field));
            case BPCHAR -> Arrays.compareUnsigned(strip(a), strip(b));
            case BOOL, BYTEA, NAME, TEXT, VARCHAR, UUID -> Arrays.compareUnsigned(a, b);
            default ->
                field.binary() && field.type() != Numbers.NUMERIC
                        ? Numbers.read(a, field).compareTo(Numbers.read(b, field))
                        : number(a, b, field);
        };
    }

    private static int number(byte[] a, byte[] b, Rows.Field field) throws SqlException {
        // NaN is greater than every other number.
        boolean nanA = Arrays.equals(a, NAN);
        boolean nanB = Arrays.equals(b, NAN);
        if (!field.binary() && (nanA || nanB)) {
            return Boolean.compare(nanA, nanB);
        }
        return Numbers.read(a, field).compareTo(Numbers.read(b, field));
    }

    private static final byte[] NAN = "NaN".getBytes(StandardCharsets.US_ASCII);

    private static byte[] strip(byte[] text) {
        int length = text.length;
        while (length > 0 && text[length - 1] == ' ') {
            length--;
        }
        return Arrays.copyOf(text, length);
    }

    private static double real(byte[] value, Rows.Field field) {
        double number;
        if (field.binary()) {
            ByteBuffer in = ByteBuffer.wrap(value);
            number = field.type() == FLOAT4 ? in.getFloat() : in.getDouble();
        } else {
            String text = new String(value, StandardCharsets.US_ASCII);
            number = Double.parseDouble(text);
        }
        return number == 0 ? 0.0 : number;
    }

    private static long moment(byte[] value, Rows.Field field) throws SqlException {
        if (field.binary()) {
            ByteBuffer in = ByteBuffer.wrap(value);
            return field.type() == DATE ? in.getInt() : in.getLong();
        }
        String text = new String(value, StandardCharsets.US_ASCII);
        if (text.equals("infinity")) {
            return Long.MAX_VALUE;
        }
        if (text.equals("-infinity")) {
            return Long.MIN_VALUE;
        }
        Matcher m = MOMENT.matcher(text);
        try {
            if (m.matches()) {
                int year = Integer.parseInt(m.group(1));
                long day = LocalDate.of(m.group(12) == null ? year : 1 - year, part(m, 2), part(m, 3))
                        .toEpochDay();
                long seconds = part(m, 4) * 3600L + part(m, 5) * 60L + part(m, 6);
                long east = part(m, 9) * 3600L + part(m, 10) * 60L + part(m, 11);
                seconds -= "-".equals(m.group(8)) ? -east : east;
                String micros = m.group(7) == null ? "0" : m.group(7);
                return Math.addExact(
                        Math.multiplyExact(Math.addExact(Math.multiplyExact(day, 86_400L), seconds), 1_000_000L),
                        Long.parseLong((micros + "000000").substring(0, 6)));
            }
        } catch (DateTimeException | ArithmeticException | NumberFormatException e) {
            throw unread(text);
        }
        throw unread(text);
    }

    private static int part(Matcher m, int group) {
        return m.group(group) == null ? 0 : Integer.parseInt(m.group(group));
    }

    private static SqlException unread(String text) {
        return new SqlException(
                SqlError.NOT_SUPPORTED,
                "a query over several shards cannot sort by " + text + " (expected: DateStyle ISO)");
    }

    /** What is the same for equal values, and only for them. */
    static String identity(byte[] value, Rows.Field field) throws SqlException {
        int type = field.type();
        if (type == Numbers.NUMERIC && !Arrays.equals(value, NAN)) {
            return Numbers.read(value, field).stripTrailingZeros().toString();
        }
        if (type == FLOAT4 || type == FLOAT8) {
            return Double.toString(real(value, field));
        }
        if (type != TEXT && type != VARCHAR && type != BPCHAR && !ordered(type)) {
            demandOrder(type, true);
        }
        return new String(type == BPCHAR ? strip(value) : value, StandardCharsets.ISO_8859_1);
    }
}
