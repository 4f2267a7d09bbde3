package io.plinth.kvcache.command.geo;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.geo.GeoHash.Point;
import io.plinth.kvcache.command.zset.SortedSetRanges;
import io.plinth.kvcache.command.zset.SortedSetRanges.Member;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Places within a circle or a box, one search at a time: GEOSEARCH and the older GEORADIUS. Owned by one call. */
final class GeoSearch {
    private static final int NOWHERE = 0;

    private final Call call;
    private final boolean radius;
    private final boolean storing;
    private final @Nullable Entry entry;
    private @Nullable Point centre;
    private boolean from;
    private boolean by;
    private boolean box;
    private double width;
    private double height;
    private double unit = 1;
    private boolean withDistance;
    private boolean withHash;
    private boolean withPlace;
    private boolean any;
    private boolean sorted;
    private boolean farFirst;
    private long count;
    private int target = NOWHERE;
    private boolean storeDistance;

    private GeoSearch(Call call, int keyArg, boolean radius, boolean storing) {
        this.call = call;
        this.radius = radius;
        this.storing = storing;
        this.entry = call.read(keyArg, ValueType.SORTED_SET);
    }

    static void register(CommandTable.Builder to) {
        to.add("georadius", "Finds places in a circle.", call -> around(call, true));
        to.add("georadius_ro", "Finds places in a circle.", call -> around(call, false));
        to.add("georadiusbymember", "Finds places around another.", call -> aroundMember(call, true));
        to.add("georadiusbymember_ro", "Finds places around another.", call -> aroundMember(call, false));
        to.add("geosearch", "Finds places in a circle or a box.", call -> search(call, 1));
        to.add("geosearchstore", "Stores places in a circle or a box.", call -> search(call, 2));
    }

    private static void around(Call call, boolean storing) {
        GeoSearch search = new GeoSearch(call, 1, true, storing);
        search.centre = GeoCommands.point(call, 2);
        search.circle(4);
        search.run(6);
    }

    private static void aroundMember(Call call, boolean storing) {
        GeoSearch search = new GeoSearch(call, 1, true, storing);
        if (search.entry != null) {
            search.centre = search.member(2);
            search.circle(3);
        }
        search.run(5);
    }

    private static void search(Call call, int keyArg) {
        GeoSearch search = new GeoSearch(call, keyArg, false, keyArg == 2);
        search.target = keyArg == 2 ? 1 : NOWHERE;
        search.run(keyArg + 1);
    }

    private @Nullable Point member(int arg) {
        if (entry == null) {
            return null;
        }
        Point point = GeoCommands.place(entry, call.bytes(arg));
        if (point == null) {
            throw new CommandException("ERR could not decode requested zset member");
        }
        return point;
    }

    private void circle(int arg) {
        width = call.number(arg, "need numeric radius");
        if (width < 0) {
            throw new CommandException("ERR radius cannot be negative");
        }
        unit = GeoCommands.unit(call, arg + 1);
    }

    private void box(int arg) {
        width = call.number(arg, "need numeric width");
        height = call.number(arg + 1, "need numeric height");
        if (height < 0 || width < 0) {
            throw new CommandException("ERR height or width cannot be negative");
        }
        unit = GeoCommands.unit(call, arg + 2);
        box = true;
    }

    private void run(int optionsFrom) {
        for (int i = optionsFrom; i < call.count(); i++) {
            if (!plain(i)) {
                i = valued(i);
            }
        }
        check();
        if (entry == null) {
            if (target != NOWHERE) {
                SortedSetRanges.store(call, target, List.of(), "");
            } else {
                call.out().array(0);
            }
            return;
        }
        List<Found> found = found(entry);
        if (sorted || (count != 0 && !any)) {
            Comparator<Found> nearFirst = Comparator.comparingDouble(Found::metres);
            found.sort(farFirst ? nearFirst.reversed() : nearFirst);
        }
        List<Found> given = count > 0 && count < found.size() ? found.subList(0, (int) count) : found;
        if (target != NOWHERE) {
            List<Member> members = new ArrayList<>();
            given.forEach(one -> members.add(new Member(one.name, storeDistance ? one.metres / unit : one.score)));
            SortedSetRanges.store(call, target, members, radius ? "georadiusstore" : "geosearchstore");
        } else {
            write(given);
        }
    }

    /** Options without a value; answers whether it was one. */
    private boolean plain(int i) {
        if (call.args().is(i, "WITHDIST")) {
            withDistance = true;
        } else if (call.args().is(i, "WITHHASH")) {
            withHash = true;
        } else if (call.args().is(i, "WITHCOORD")) {
            withPlace = true;
        } else if (call.args().is(i, "ANY")) {
            any = true;
        } else if (call.args().is(i, "ASC") || call.args().is(i, "DESC")) {
            sorted = true;
            farFirst = call.args().is(i, "DESC");
        } else if (!radius && storing && call.args().is(i, "STOREDIST")) {
            storeDistance = true;
        } else {
            return false;
        }
        return true;
    }

    /** Options with values; answers where the last of them is. */
    private int valued(int i) {
        int left = call.count() - i - 1;
        if (left >= 1 && call.args().is(i, "COUNT")) {
            count = call.integer(i + 1);
            if (count <= 0) {
                throw new CommandException("ERR COUNT must be > 0");
            }
            return i + 1;
        }
        if (radius) {
            boolean distance = call.args().is(i, "STOREDIST");
            if (storing && left >= 1 && (distance || call.args().is(i, "STORE"))) {
                target = i + 1;
                storeDistance = distance;
                return i + 1;
            }
        } else if (left >= 1 && centreGiven(i, "FROMMEMBER")) {
            centre = member(i + 1);
            return given(i + 1);
        } else if (left >= 2 && centreGiven(i, "FROMLONLAT")) {
            centre = GeoCommands.point(call, i + 1);
            return given(i + 2);
        } else if (left >= 2 && call.args().is(i, "BYRADIUS") && !box) {
            circle(i + 1);
            by = true;
            return i + 2;
        } else if (left >= 3 && call.args().is(i, "BYBOX") && (!by || box)) {
            box(i + 1);
            by = true;
            return i + 3;
        }
        throw CommandException.syntax();
    }

    private @Nullable String fromWord;

    /** Whether this is where the centre comes from; the same word twice is allowed, both are not. */
    private boolean centreGiven(int i, String word) {
        boolean given = call.args().is(i, word) && (fromWord == null || fromWord.equals(word));
        if (given) {
            fromWord = word;
        }
        return given;
    }

    private int given(int last) {
        from = true;
        return last;
    }

    private void check() {
        if (target != NOWHERE && (withDistance || withHash || withPlace)) {
            throw new CommandException("ERR " + (radius ? "STORE option in GEORADIUS" : "GEOSEARCHSTORE")
                    + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
        }
        if (!radius && !from) {
            throw new CommandException("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for "
                    + CommandException.clean(call.text(0)));
        }
        if (!radius && !by) {
            throw new CommandException("ERR exactly one of BYRADIUS and BYBOX can be specified for "
                    + CommandException.clean(call.text(0)));
        }
        if (any && count == 0) {
            throw new CommandException("ERR the ANY argument requires COUNT argument");
        }
    }

    /** A member within. */
    private record Found(byte[] name, double score, Point place, double metres) {}

    private List<Found> found(Entry present) {
        Point around = centre;
        List<Found> found = new ArrayList<>();
        if (around == null) {
            return found;
        }
        Shape shape = new Shape(around, box, width, height, unit);
        SortedSetValue set = present.sortedSet();
        long limit = any ? count : Long.MAX_VALUE;
        for (GeoHash cell : shape.cells()) {
            if (found.size() >= limit) {
                break;
            }
            int first = set.below(cell.score(), false);
            int end = set.below(cell.next().score(), false);
            if (first < end) {
                set.range(first, end - first, false, (member, score) -> {
                    Point place = GeoHash.ofScore(score).centre();
                    double metres = shape.distance(place);
                    if (found.size() < limit && !Double.isNaN(metres)) {
                        found.add(new Found(member, score, place, metres));
                    }
                });
            }
        }
        return found;
    }

    private void write(List<Found> found) {
        ReplyWriter out = call.out();
        out.array(found.size());
        int fields = 1 + (withDistance ? 1 : 0) + (withHash ? 1 : 0) + (withPlace ? 1 : 0);
        for (Found one : found) {
            if (fields > 1) {
                out.array(fields);
            }
            out.bulk(one.name);
            if (withDistance) {
                GeoCommands.distance(call, one.metres / unit);
            }
            if (withHash) {
                out.integer((long) one.score);
            }
            if (withPlace) {
                GeoCommands.position(call, one.place);
            }
        }
    }
}
