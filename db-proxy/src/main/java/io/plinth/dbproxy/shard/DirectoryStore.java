package io.plinth.dbproxy.shard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteOptions;

/**
 * The lookup tables of a node, kept in RocksDB in its data folder. Changes are written and synced by one thread of its own,
 * and seen by loops once they are.
 */
public final class DirectoryStore implements AutoCloseable {
    private static final String SEPARATOR = "\0";

    private final Path folder;
    private final Map<String, Directory> directories = new ConcurrentHashMap<>();
    private final ExecutorService writer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("db-proxy-directory").factory());
    private @Nullable RocksDB db;
    private @Nullable Options options;
    private boolean closed;

    /** {@code folder} is made when the first directory is opened. */
    public DirectoryStore(Path folder) {
        this.folder = folder;
    }

    /** A database's directory with what is stored of it; the same object each time. */
    public synchronized Directory open(String database, String name, int most) throws IOException {
        String id = database + SEPARATOR + name;
        Directory known = directories.get(id);
        if (known != null) {
            known.most(most);
            return known;
        }
        Directory read = new Directory(most);
        byte[] prefix = (id + SEPARATOR).getBytes(StandardCharsets.UTF_8);
        try (RocksIterator entries = db().newIterator()) {
            for (entries.seek(prefix); entries.isValid(); entries.next()) {
                String key = new String(entries.key(), StandardCharsets.UTF_8);
                if (!key.startsWith(id + SEPARATOR)) {
                    break;
                }
                if (read.size() >= most) {
                    throw new IOException("directory " + name + " of " + database + ": more than " + most
                            + " entries (expected: at most directory-entries)");
                }
                read.put(key.substring(id.length() + 1), new String(entries.value(), StandardCharsets.UTF_8).intern());
            }
            entries.status();
        } catch (RocksDBException e) {
            throw unusable(e);
        }
        directories.put(id, read);
        return read;
    }

    private synchronized RocksDB db() throws IOException {
        RocksDB open = db;
        if (open != null) {
            return open;
        }
        RocksDB.loadLibrary();
        Files.createDirectories(folder);
        Options made = new Options().setCreateIfMissing(true).setKeepLogFileNum(2);
        try {
            open = RocksDB.open(made, folder.toString());
        } catch (RocksDBException e) {
            made.close();
            throw unusable(e);
        }
        options = made;
        db = open;
        return open;
    }

    private IOException unusable(RocksDBException e) {
        return new IOException(
                folder + ": " + e.getMessage() + " (expected: lookup tables that can be read; restore the folder)", e);
    }

    /** Says where a key's rows are; {@code shard} null says nothing any more. Told when it is on disk and in use, or false when full. */
    public CompletionStage<Boolean> put(String database, String name, String key, @Nullable String shard) {
        return CompletableFuture.supplyAsync(() -> write(database + SEPARATOR + name, key, shard), writer);
    }

    private synchronized boolean write(String id, String key, @Nullable String shard) {
        RocksDB open = db;
        Directory directory = directories.get(id);
        if (closed || open == null || directory == null) {
            throw new IllegalStateException("directory is not open - id=" + id.replace('\0', '/'));
        }
        if (shard != null && directory.full(key)) {
            return false;
        }
        byte[] stored = (id + SEPARATOR + key).getBytes(StandardCharsets.UTF_8);
        try (WriteOptions synced = new WriteOptions().setSync(true)) {
            if (shard == null) {
                open.delete(synced, stored);
            } else {
                open.put(synced, stored, shard.getBytes(StandardCharsets.UTF_8));
            }
        } catch (RocksDBException e) {
            throw new IllegalStateException("directory " + folder + ": " + e.getMessage(), e);
        }
        directory.put(key, shard);
        return true;
    }

    @Override
    public void close() {
        writer.shutdown();
        synchronized (this) {
            closed = true;
            RocksDB open = db;
            if (open != null) {
                open.close();
            }
            Options made = options;
            if (made != null) {
                made.close();
            }
            db = null;
            options = null;
        }
    }
}
