package io.plinth.geodns.load;

import io.plinth.geodns.GeoDnsConfig;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.place.MmdbDatabase;
import io.plinth.geodns.place.PlaceDatabase;
import io.plinth.geodns.place.PlaceKeys;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the thread that loads: the databases, each read again when its file changed. One that cannot be used leaves
 * the last good one in use.
 */
final class Databases {
    private static final Logger LOG = LoggerFactory.getLogger(Databases.class);

    private final Map<Path, Opened> opened = new HashMap<>();
    private GeoSource current = GeoSource.none("not loaded");

    /** A file as it was when it was looked at last. */
    private record Stamp(FileTime modified, long size, PlaceKeys keys) {}

    private record Opened(Stamp stamp, @Nullable PlaceDatabase database, String state) {}

    /** Where the country database is, or would be. */
    static Path places(StackFile file, GeoDnsConfig config) {
        String path = config.database();
        return path == null ? file.state().resolve("geo").resolve("country.mmdb") : SnapshotLoader.resolve(file, path);
    }

    /** The databases as they are now; the same object as long as nothing changed. */
    GeoSource source(StackFile file, GeoDnsConfig config) {
        if (config.policies().isEmpty()) {
            opened.clear();
            return kept(GeoSource.none("not read: there are no policies"));
        }
        Map<String, String> own = new HashMap<>(config.databaseKeys());
        String country = config.databaseKey();
        if (country != null) {
            own.put("country", country);
        }
        PlaceKeys keys = PlaceKeys.USUAL.with(own);
        long most = config.limits().database().bytes();
        Path places = places(file, config);
        String other = config.asnDatabase();
        Path systems = other == null ? null : SnapshotLoader.resolve(file, other);
        opened.keySet().removeIf(path -> !path.equals(places) && !path.equals(systems));
        return source(open(places, keys, most), systems == null ? null : open(systems, keys, most));
    }

    private GeoSource source(Opened places, @Nullable Opened systems) {
        return kept(new GeoSource(
                places.database(),
                systems == null ? null : systems.database(),
                places.state() + (systems == null ? "" : "; " + systems.state())));
    }

    private GeoSource kept(GeoSource next) {
        if (!next.equals(current)) {
            current = next;
        }
        return current;
    }

    /** Whether a file is not as it was when it was looked at last. */
    boolean changed() {
        return opened.entrySet().stream()
                .anyMatch(
                        entry -> !stamp(entry.getKey(), entry.getValue().stamp().keys())
                                .equals(entry.getValue().stamp()));
    }

    private static Stamp stamp(Path path, PlaceKeys keys) {
        try {
            return new Stamp(Files.getLastModifiedTime(path), Files.size(path), keys);
        } catch (IOException e) {
            return new Stamp(FileTime.fromMillis(0), -1, keys);
        }
    }

    private Opened open(Path path, PlaceKeys keys, long most) {
        Stamp stamp = stamp(path, keys);
        Opened before = opened.get(path);
        if (before != null && before.stamp().equals(stamp)) {
            return before;
        }
        Opened now = read(path, stamp, most, before);
        opened.put(path, now);
        return now;
    }

    private static Opened read(Path path, Stamp stamp, long most, @Nullable Opened before) {
        PlaceDatabase kept = before == null || stamp.size() < 0 ? null : before.database();
        try {
            PlaceDatabase database = new MmdbDatabase(path, stamp.keys(), most);
            int[] known = new int[2];
            database.places((address, prefix, place) -> known[0] += place.country() == null ? 0 : 1);
            database.systems((address, prefix, system) -> known[1]++);
            String state = database.describe() + " (" + path + "), " + known[0] + " networks with a country, "
                    + known[1] + " with a system";
            if (known[0] + known[1] == 0) {
                LOG.warn("the database {} names no country and no system; set `database-key`", path);
                if (kept != null) {
                    return new Opened(stamp, kept, "last good; " + path + " now knows nothing");
                }
            } else {
                LOG.info("database: {}", state);
            }
            return new Opened(stamp, database, state);
        } catch (IOException | RuntimeException | StackOverflowError e) {
            // The reader trusts what the file says: broken octets may make it throw anything, circles among them.
            String why = stamp.size() < 0 ? path + " is missing" : path + ": broken (" + e + ")";
            LOG.warn(
                    "{}: {}",
                    kept == null ? "no database, so policies answer their default" : "the last good database stays",
                    why);
            return new Opened(stamp, kept, kept == null ? "none: " + why : "last good; " + why);
        }
    }
}
