package io.plinth.kvcache.command.geo;

import io.plinth.kvcache.command.geo.GeoHash.Area;
import io.plinth.kvcache.command.geo.GeoHash.Point;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is searched: a circle or a box around a place.
 *
 * @param box whether {@code width} and {@code height} count; else {@code width} is the radius
 * @param unit metres per unit of both
 */
record Shape(Point centre, boolean box, double width, double height, double unit) {
    /** How far from the centre a place within is, in metres, or NaN outside. */
    double distance(Point point) {
        double metres = centre.metresTo(point);
        if (!box) {
            return metres <= width * unit ? metres : Double.NaN;
        }
        double along = point.metresTo(new Point(centre.longitude(), point.latitude()));
        double across = point.metresTo(new Point(point.longitude(), centre.latitude()));
        return along > width * unit / 2 || across > height * unit / 2 ? Double.NaN : metres;
    }

    /** The cells to look into, the centre's first, then north, south, east, west and the corners. */
    List<GeoHash> cells() {
        double halfHeight = unit * (box ? height / 2 : width);
        double halfWidth = unit * (box ? width / 2 : width);
        double up = GeoHash.degrees(halfHeight, 1);
        double latitude = centre.latitude();
        double wide = latitude < 0 ? latitude - up : latitude + up;
        double aside = GeoHash.degrees(halfWidth, Libm.cos(GeoHash.radians(wide)));
        Area wanted = new Area(centre.longitude() - aside, centre.longitude() + aside, latitude - up, latitude + up);
        double radius = unit * (box ? Math.sqrt(width / 2 * (width / 2) + height / 2 * (height / 2)) : width);
        int step = GeoHash.stepFor(radius, latitude);
        GeoHash hash = GeoHash.of(centre, step);
        if (step > 1 && tooFine(hash, wanted)) {
            step--;
            hash = GeoHash.of(centre, step);
        }
        return needed(hash, wanted);
    }

    /** Near an edge of its cell the centre may have a neighbour too small for what is wanted there. */
    private static boolean tooFine(GeoHash hash, Area wanted) {
        return hash.neighbour(0, 1).area().north() < wanted.north()
                || hash.neighbour(0, -1).area().south() > wanted.south()
                || hash.neighbour(1, 0).area().east() < wanted.east()
                || hash.neighbour(-1, 0).area().west() > wanted.west();
    }

    private static List<GeoHash> needed(GeoHash hash, Area wanted) {
        Area area = hash.area();
        boolean all = hash.step() < 2;
        boolean south = all || area.south() >= wanted.south();
        boolean north = all || area.north() <= wanted.north();
        boolean west = all || area.west() >= wanted.west();
        boolean east = all || area.east() <= wanted.east();
        List<@Nullable GeoHash> cells = new ArrayList<>();
        cells.add(hash);
        cells.add(north ? hash.neighbour(0, 1) : null);
        cells.add(south ? hash.neighbour(0, -1) : null);
        cells.add(east ? hash.neighbour(1, 0) : null);
        cells.add(west ? hash.neighbour(-1, 0) : null);
        cells.add(north && east ? hash.neighbour(1, 1) : null);
        cells.add(north && west ? hash.neighbour(-1, 1) : null);
        cells.add(south && east ? hash.neighbour(1, -1) : null);
        cells.add(south && west ? hash.neighbour(-1, -1) : null);
        List<GeoHash> distinct = new ArrayList<>();
        for (GeoHash cell : cells) {
            // Of a whole earth's cells neighbours meet; those that follow each other are looked into once, as Redis
            // does.
            boolean repeated = distinct.size() > 1 && distinct.getLast().equals(cell);
            if (cell != null && !repeated) {
                distinct.add(cell);
            }
        }
        return distinct;
    }
}
