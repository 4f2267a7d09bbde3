package io.plinth.geodns.policy;

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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A MaxMind DB file read whole to the heap, never mapped: a mapped file that someone rewrites in place takes the JVM
 * down with it.
 */
public final class MmdbDatabase implements CountryDatabase {
    private final Reader reader;
    private final List<String> key;
    private final String description;

    /**
     * Reads a file.
     *
     * @param key where a record has its country code: {@code country_code}, or {@code country.iso_code} for nested maps
     * @param maxSize octets the file may have
     * @throws IOException saying which file and why
     */
    public MmdbDatabase(Path file, String key, long maxSize) throws IOException {
        long size = Files.size(file);
        if (size > maxSize) {
            throw new IOException(file + ": " + size + " octets (expected: at most limits.database, " + maxSize + ")");
        }
        this.reader = new Reader(file.toFile(), Reader.FileMode.MEMORY, new CHMCache());
        this.key = List.of(key.split("\\.", -1));
        Metadata metadata = reader.getMetadata();
        this.description = metadata.databaseType() + " of " + metadata.buildTime();
    }

    @Override
    @SuppressWarnings("rawtypes")
    public void forEach(NetworkSink sink) {
        try {
            Networks<Map> networks = reader.networks(Map.class);
            while (networks.hasNext()) {
                DatabaseRecord<Map> record = networks.next();
                String country = code(record.data());
                if (country != null) {
                    sink.network(
                            record.network().networkAddress().getAddress(),
                            record.network().prefixLength(),
                            country);
                }
            }
        } catch (InvalidNetworkException | NetworksIterationException e) {
            throw new UncheckedIOException(new IOException("database: broken (" + e.getMessage() + ")", e));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public @Nullable String country(InetAddress address) {
        try {
            return code(reader.get(address, Map.class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private @Nullable String code(@Nullable Object data) {
        Object at = data;
        for (String step : key) {
            at = at instanceof Map<?, ?> map ? map.get(step) : null;
        }
        return at instanceof String code && !code.isEmpty() ? code.toUpperCase(Locale.ROOT) : null;
    }

    @Override
    public String describe() {
        return description;
    }
}
