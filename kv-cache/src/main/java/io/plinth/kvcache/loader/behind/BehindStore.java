package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where writes lie until they were handed on. One thread writes, any reads. */
public interface BehindStore extends AutoCloseable {
    /** An entry; without a body it is to be removed. */
    record Entry(byte[] key, byte @Nullable [] body) {}

    /** Sees an entry. */
    @FunctionalInterface
    interface Visitor {
        void visit(byte[] key, byte[] body) throws IOException;
    }

    /** Writes all of these, or none; {@link NoRoomException} where there is no room for them. */
    void write(List<Entry> entries) throws IOException;

    /** Returns once everything written is on the disk. */
    void sync() throws IOException;

    /** What lies under a key, or null. */
    byte @Nullable [] get(byte[] key) throws IOException;

    /** Visits everything, in the order of the keys. */
    void scan(Visitor visitor) throws IOException;

    /** After {@link NoRoomException}: begins anew with what is there, where there is room again, else throws it again. */
    void reopen() throws IOException;

    @Override
    void close();
}
