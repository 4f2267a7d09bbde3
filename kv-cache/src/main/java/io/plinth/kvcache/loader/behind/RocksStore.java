package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
import org.rocksdb.Status;
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
    /** So much has to fit before it is tried again. */
    private static final int ROOM = 4 << 20;

    private final LRUCache cache = new LRUCache(CACHE);
    private final Options options;
    private final WriteOptions writes = new WriteOptions();
    private final Path folder;
    private @Nullable RocksDB db;
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
        this.folder = folder;
        Files.createDirectories(folder);
        db = open();
    }

    private RocksDB open() throws IOException {
        try {
            return RocksDB.open(options, folder.toString());
        } catch (RocksDBException e) {
            throw failure(
                    folder + ": " + e.getMessage()
                            + " (expected: a database that can be read; writes that were accepted lie there)",
                    e);
        }
    }

    private static IOException failure(String what, RocksDBException cause) {
        Status status = cause.getStatus();
        return status != null && status.getSubCode() == Status.SubCode.NoSpace
                ? new NoRoomException("write-behind: " + what, cause)
                : new IOException("write-behind: " + what, cause);
    }

    /** After an error it takes no more until it is closed and opened; that may fail, so there has to be room before. */
    @Override
    public void reopen() throws IOException {
        Path probe = folder.resolve("room.probe");
        try (FileChannel out =
                FileChannel.open(probe, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.SYNC)) {
            ByteBuffer room = ByteBuffer.allocate(ROOM);
            while (room.hasRemaining()) {
                out.write(room);
            }
        } catch (IOException e) {
            throw new NoRoomException("write-behind " + folder + ": " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(probe);
        }
        use.writeLock().lock();
        try {
            if (closed) {
                throw new IOException("write-behind: closed");
            }
            RocksDB before = db;
            db = null;
            if (before != null) {
                before.close();
            }
            db = open();
        } finally {
            use.writeLock().unlock();
        }
    }

    private interface Use<T extends @Nullable Object> {
        T in(RocksDB open) throws RocksDBException, IOException;
    }

    private <T extends @Nullable Object> T use(Use<T> work) throws IOException {
        use.readLock().lock();
        try {
            RocksDB open = db;
            if (open == null) {
                throw new IOException("write-behind: closed");
            }
            return work.in(open);
        } catch (RocksDBException e) {
            throw failure(String.valueOf(e.getMessage()), e);
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
                RocksDB open = db;
                db = null;
                if (open != null) {
                    open.close();
                }
                writes.close();
                options.close();
                cache.close();
            }
        } finally {
            use.writeLock().unlock();
        }
    }
}
