package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.CompressionType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * RocksDB with its own log, which is what a sync brings to the disk. Of a log whose end was torn by a cut everything before is read. Never
 * called on an event loop.
 */
public final class RocksStore implements BehindStore {
    private static final long CACHE = 4L << 20;
    private static final long WRITE_BUFFER = 16L << 20;
    private static final long MOST_LOG = 64L << 20;

    private final LRUCache cache = new LRUCache(CACHE);
    private final Options options;
    private final WriteOptions writes = new WriteOptions();
    private final RocksDB db;
    /** A call into a database that is closed ends the process. */
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    static {
        RocksDB.loadLibrary();
    }

    /** Opens or creates it. What was accepted lies there, so what cannot be read is an error and is not made anew. */
    public RocksStore(Path folder) throws IOException {
        options = new Options()
                .setCreateIfMissing(true)
                .setWriteBufferSize(WRITE_BUFFER)
                .setMaxTotalWalSize(MOST_LOG)
                .setMaxOpenFiles(64)
                .setKeepLogFileNum(2)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setWalRecoveryMode(WALRecoveryMode.PointInTimeRecovery)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache));
        Files.createDirectories(folder);
        try {
            db = RocksDB.open(options, folder.toString());
        } catch (RocksDBException e) {
            throw new IOException(
                    "write-behind " + folder + ": " + e.getMessage()
                            + " (expected: a database that can be read; writes that were accepted lie there)",
                    e);
        }
    }

    private interface Use<T extends @Nullable Object> {
        T in(RocksDB open) throws RocksDBException, IOException;
    }

    private <T extends @Nullable Object> T use(Use<T> work) throws IOException {
        use.readLock().lock();
        try {
            if (closed) {
                throw new IOException("write-behind: closed");
            }
            return work.in(db);
        } catch (RocksDBException e) {
            throw new IOException("write-behind: " + e.getMessage(), e);
        } finally {
            use.readLock().unlock();
        }
    }

    @Override
    public void write(List<Entry> entries) throws IOException {
        use(open -> {
            try (WriteBatch batch = new WriteBatch()) {
                for (Entry entry : entries) {
                    if (entry.body() == null) {
                        batch.delete(entry.key());
                    } else {
                        batch.put(entry.key(), entry.body());
                    }
                }
                open.write(writes, batch);
            }
            return true;
        });
    }

    @Override
    public void sync() throws IOException {
        use(open -> {
            open.syncWal();
            return true;
        });
    }

    @Override
    public byte @Nullable [] get(byte[] key) throws IOException {
        return this.<byte @Nullable []>use(open -> open.get(key));
    }

    @Override
    public void scan(Visitor visitor) throws IOException {
        use(open -> {
            try (RocksIterator iterator = open.newIterator()) {
                for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
                    visitor.visit(iterator.key(), iterator.value());
                }
                iterator.status();
            }
            return true;
        });
    }

    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                db.close();
                writes.close();
                options.close();
                cache.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }
}
