package io.plinth.mqbroker.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The RocksDB behind the index. Written without RocksDB's own log: what is lost is rebuilt from the segment logs, whose covered position
 * stands in the same batches. One column family, so a flush keeps a prefix of all writes. Never called on an event loop.
 */
public final class RocksIndex implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RocksIndex.class);
    private static final long CACHE = 8L << 20;
    private static final long WRITE_BUFFER = 8L << 20;
    /**
     * Every flush overlaps all of the next level, since it has rows of every kind: so it waits for some others, and that level is small. The
     * further ones are files of one stretch of ids each, most of which move down as they are.
     */
    private static final long LEVEL_BASE = 16L << 20;

    private static final long TABLE = 8L << 20;
    private static final int FLUSHES = 8;

    /** Sees one entry. */
    @FunctionalInterface
    public interface Entry {
        void visit(byte[] key, byte[] value) throws IOException;
    }

    private final LRUCache cache = new LRUCache(CACHE);
    private final Options options;
    private final WriteOptions writes = new WriteOptions().setDisableWAL(true);
    private final RocksDB db;
    /** A call into a database that is closed ends the process. */
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    static {
        RocksDB.loadLibrary();
    }

    /** Opens or creates; a database that cannot be opened is deleted and made anew, since everything in it can be derived again. */
    public RocksIndex(Path folder) throws IOException {
        options = new Options()
                .setCreateIfMissing(true)
                .setWriteBufferSize(WRITE_BUFFER)
                .setMaxWriteBufferNumber(2)
                .setLevel0FileNumCompactionTrigger(FLUSHES)
                .setMaxBytesForLevelBase(LEVEL_BASE)
                .setTargetFileSizeBase(TABLE)
                .setMaxOpenFiles(64)
                .setKeepLogFileNum(2)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache));
        Files.createDirectories(folder);
        db = open(folder);
    }

    private RocksDB open(Path folder) throws IOException {
        try {
            return openChecked(folder);
        } catch (RocksDBException e) {
            LOG.warn("index {} is damaged and is rebuilt from the logs: {}", folder, e.getMessage());
        }
        try {
            delete(folder);
            Files.createDirectories(folder);
            return openChecked(folder);
        } catch (RocksDBException e) {
            throw new IOException(
                    "index " + folder + ": " + e.getMessage() + " (expected: a folder this user may write)", e);
        }
    }

    /** Every block is read once: damage that shows later could no longer be answered by a rebuild. */
    private RocksDB openChecked(Path folder) throws RocksDBException {
        RocksDB opened = RocksDB.open(options, folder.toString());
        try {
            opened.verifyChecksum();
            return opened;
        } catch (RocksDBException e) {
            opened.close();
            throw e;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> entries = Files.walk(folder)) {
            for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(entry);
            }
        }
    }

    private void enter() throws IOException {
        use.readLock().lock();
        if (closed) {
            use.readLock().unlock();
            throw new IOException("index: closed (expected: no use of it while the broker stops)");
        }
    }

    byte @org.jspecify.annotations.Nullable [] get(byte[] key) throws IOException {
        enter();
        try {
            return db.get(key);
        } catch (RocksDBException e) {
            throw new IOException("index read: " + e.getMessage(), e);
        } finally {
            use.readLock().unlock();
        }
    }

    /** Sees one entry and says whether to go on. */
    @FunctionalInterface
    interface Some {
        boolean visit(byte[] key, byte[] value) throws IOException;
    }

    /** Visits every entry whose key starts with the prefix, in order. */
    void scan(byte[] prefix, Entry entry) throws IOException {
        scan(prefix, next(prefix), (key, value) -> {
            entry.visit(key, value);
            return true;
        });
    }

    /** Visits entries from a key up to another, in order, while the visitor wants them; true when there are no more. */
    boolean scan(byte[] from, byte[] to, Some entry) throws IOException {
        enter();
        try (Slice upper = new Slice(to);
                ReadOptions read = new ReadOptions().setIterateUpperBound(upper);
                RocksIterator iterator = db.newIterator(read)) {
            for (iterator.seek(from); iterator.isValid(); iterator.next()) {
                if (!entry.visit(iterator.key(), iterator.value())) {
                    return false;
                }
            }
            iterator.status();
            return true;
        } catch (RocksDBException e) {
            throw new IOException("index scan: " + e.getMessage(), e);
        } finally {
            use.readLock().unlock();
        }
    }

    /** The first key behind every key with the prefix; no prefix here ends in 0xFF. */
    static byte[] next(byte[] prefix) {
        byte[] next = prefix.clone();
        for (int i = next.length - 1; i >= 0; i--) {
            next[i]++;
            if (next[i] != 0) {
                return next;
            }
        }
        throw new IllegalArgumentException("prefix: all 0xFF (expected: a prefix that has a successor)");
    }

    void write(WriteBatch batch) throws IOException {
        enter();
        try {
            db.write(writes, batch);
        } catch (RocksDBException e) {
            throw new IOException("index write: " + e.getMessage(), e);
        } finally {
            use.readLock().unlock();
        }
    }

    /** Makes everything written durable. */
    public void flush() throws IOException {
        enter();
        try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
            db.flush(flush);
        } catch (RocksDBException e) {
            throw new IOException("index flush: " + e.getMessage(), e);
        } finally {
            use.readLock().unlock();
        }
    }

    @Override
    public void close() {
        try {
            flush();
        } catch (IOException e) {
            LOG.warn("index was not flushed, the next start replays more of the logs: {}", e.getMessage());
        }
        use.writeLock().lock();
        try {
            closed = true;
            db.close();
            writes.close();
            options.close();
            cache.close();
        } finally {
            use.writeLock().unlock();
        }
    }
}
