package io.plinth.dbproxy.commit;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Where the bytes of the decision log are. Owned by the log's writer. */
interface DecisionStore extends AutoCloseable {
    /** All there is; empty when nothing was ever stored. */
    ByteBuffer read() throws IOException;

    /** Adds bytes at the end; durable only after {@link #sync}. */
    void append(ByteBuffer bytes) throws IOException;

    void sync() throws IOException;

    /** Puts other contents in the place of all there is; durable when it returns, and all or nothing before. */
    void replace(ByteBuffer contents) throws IOException;

    @Override
    void close() throws IOException;
}
