package io.plinth.geodns.place;

import com.maxmind.db.CHMCache;
import com.maxmind.db.DatabaseRecord;
import com.maxmind.db.InvalidNetworkException;
import com.maxmind.db.Metadata;
import com.maxmind.db.Networks;
import com.maxmind.db.NetworksIterationException;
import com.maxmind.db.Reader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A MaxMind DB file read whole to the heap, never mapped: a mapped file that someone rewrites in place takes the JVM
 * down with it.
 */
public final class MmdbDatabase implements PlaceDatabase {
    private final Reader reader;
    private final PlaceKeys keys;
    private final String description;

    /**
     * Reads a file.
     *
     * @param maxSize octets the file may have
     * @throws IOException saying which file and why
     */
    public MmdbDatabase(Path file, PlaceKeys keys, long maxSize) throws IOException {
        long size = Files.size(file);
        if (size > maxSize) {
            throw new IOException(file + ": " + size + " octets (expected: at most limits.database, " + maxSize + ")");
        }
        this.reader = new Reader(file.toFile(), Reader.FileMode.MEMORY, new CHMCache());
        this.keys = keys;
        Metadata metadata = reader.getMetadata();
        this.description = metadata.databaseType() + " of " + metadata.buildTime();
    }

    @Override
    public void places(NetworkSink<Place> sink) {
        each(keys::place, sink);
    }

    @Override
    public void systems(NetworkSink<Long> sink) {
        each(keys::system, sink);
    }

    @SuppressWarnings("rawtypes")
    private <T> void each(Function<Object, @Nullable T> known, NetworkSink<T> sink) {
        try {
            Networks<Map> networks = reader.networks(Map.class);
            while (networks.hasNext()) {
                DatabaseRecord<Map> record = networks.next();
                T found = known.apply(record.data());
                if (found != null) {
                    sink.network(
                            record.network().networkAddress().getAddress(),
                            record.network().prefixLength(),
                            found);
                }
            }
        } catch (InvalidNetworkException | NetworksIterationException e) {
            throw new UncheckedIOException(new IOException("database: broken (" + e.getMessage() + ")", e));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public @Nullable Place place(InetAddress address) {
        return keys.place(record(address));
    }

    @Override
    public @Nullable Long system(InetAddress address) {
        return keys.system(record(address));
    }

    private @Nullable Object record(InetAddress address) {
        try {
            return reader.get(address, Map.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String describe() {
        return description;
    }
}
