package io.plinth.kvcache.command.geo;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.geo.GeoHash.Point;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.SortedSets;
import io.plinth.kvcache.wire.LongDouble;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Places one by one: GEOADD, GEOPOS, GEODIST, GEOHASH. */
public final class GeoCommands {
    private GeoCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("geoadd", "Adds places.", GeoCommands::add);
        to.add("geopos", "Returns where places are.", call -> each(call, GeoCommands::position, true));
        to.add(
                "geohash",
                "Returns places as geohash.org writes them.",
                call -> each(call, GeoCommands::letters, false));
        to.add("geodist", "Returns how far apart two places are.", GeoCommands::distance);
        GeoSearch.register(to);
    }

    /** A place from two arguments. */
    static Point point(Call call, int arg) {
        Point point = new Point(
                call.number(arg, "value is not a valid float"), call.number(arg + 1, "value is not a valid float"));
        if (Math.abs(point.longitude()) > GeoHash.LONGITUDE || Math.abs(point.latitude()) > GeoHash.LATITUDE) {
            throw new CommandException(String.format(
                    Locale.ROOT,
                    "ERR invalid longitude,latitude pair %s,%s",
                    printed(point.longitude()),
                    printed(point.latitude())));
        }
        return point;
    }

    private static String printed(double value) {
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        return new BigDecimal(value)
                .setScale(6, java.math.RoundingMode.HALF_EVEN)
                .toPlainString();
    }

    /** Metres in the unit an argument names. */
    static double unit(Call call, int arg) {
        return switch (call.text(arg).toLowerCase(Locale.ROOT)) {
            case "m" -> 1;
            case "km" -> 1000;
            case "ft" -> 0.3048;
            case "mi" -> 1609.34;
            default -> throw new CommandException("ERR unsupported unit provided. please use M, KM, FT, MI");
        };
    }

    /** Where a member is, or null. */
    static @Nullable Point place(Entry entry, byte[] member) {
        double score = entry.sortedSet().score(member);
        return Double.isNaN(score) ? null : GeoHash.ofScore(score).centre();
    }

    private static void add(Call call) {
        boolean nx = false;
        boolean xx = false;
        boolean ch = false;
        int first = 2;
        for (; first < call.count(); first++) {
            if (call.args().is(first, "NX")) {
                nx = true;
            } else if (call.args().is(first, "XX")) {
                xx = true;
            } else if (call.args().is(first, "CH")) {
                ch = true;
            } else {
                break;
            }
        }
        int left = call.count() - first;
        if (left % 3 != 0 || left == 0 || (nx && xx)) {
            throw CommandException.syntax();
        }
        double[] scores = new double[left / 3];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = GeoHash.of(point(call, first + 3 * i), GeoHash.MAX_STEP).score();
        }
        Entry entry = call.write(1, ValueType.SORTED_SET);
        int added = 0;
        int updated = 0;
        for (int i = 0; i < scores.length; i++) {
            byte[] member = call.bytes(first + 3 * i + 2);
            double old = entry == null ? Double.NaN : entry.sortedSet().score(member);
            boolean present = !Double.isNaN(old);
            if ((present ? nx : xx) || (present && old == scores[i])) {
                continue;
            }
            if (entry == null) {
                SortedSetValue value = new SortedSetValue(call.keyspace().hasher());
                entry = call.segment().addEmpty(call.key(), value, call.now());
            }
            SortedSets.put(call.segment(), entry, member, scores[i]);
            added += present ? 0 : 1;
            updated += present ? 1 : 0;
        }
        if (added + updated > 0) {
            call.event(KeyEvents.SORTED_SET, "zadd", 1);
        }
        call.out().integer(ch ? added + updated : added);
    }

    private static void each(Call call, java.util.function.BiConsumer<Call, Point> shown, boolean nullArray) {
        Entry entry = call.read(1, ValueType.SORTED_SET);
        call.out().array(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            Point point = entry == null ? null : place(entry, call.bytes(i));
            if (point != null) {
                shown.accept(call, point);
            } else if (nullArray) {
                call.out().nullArray();
            } else {
                call.out().nullBulk();
            }
        }
    }

    /** A place as an array of two numbers. */
    static void position(Call call, Point point) {
        call.out().array(2);
        Consumer<Double> coordinate = degrees ->
                call.out().number(new String(LongDouble.format(new BigDecimal(degrees)), StandardCharsets.US_ASCII));
        coordinate.accept(point.longitude());
        coordinate.accept(point.latitude());
    }

    private static void letters(Call call, Point point) {
        call.out().bulk(GeoHash.letters(point));
    }

    /** A distance with four decimals; the product is what is rounded, to even, as in Redis: 1676656.50765 so is ...5076. */
    static void distance(Call call, double distance) {
        call.out()
                .bulk(BigDecimal.valueOf((long) Math.rint(distance * 10_000), 4).toPlainString());
    }

    private static void distance(Call call) {
        if (call.count() > 5) {
            throw CommandException.syntax();
        }
        double unit = call.count() == 5 ? unit(call, 4) : 1;
        Entry entry = call.read(1, ValueType.SORTED_SET);
        Point from = entry == null ? null : place(entry, call.bytes(2));
        Point to = entry == null ? null : place(entry, call.bytes(3));
        if (from == null || to == null) {
            call.out().nullBulk();
        } else {
            distance(call, from.metresTo(to) / unit);
        }
    }
}
