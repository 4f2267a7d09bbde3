package io.plinth.dbproxy.group;

import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows that a change of several shards returns, kept until all have it. Owned by the session's event loop. */
public final class Gathered {
    private final long memory;
    private final List<byte[]> rows = new ArrayList<>();
    private int wanted;
    private long bytes;
    private byte @Nullable [] description;

    /** At most {@code memory} bytes of rows, of the first {@code wanted} shards that answer. */
    public Gathered(long memory, int wanted) {
        this.memory = memory;
        this.wanted = wanted;
    }

    /** Takes the next shard's rows. */
    public Expectation.Taker next() {
        boolean keep = wanted-- > 0;
        return new Expectation.Taker() {
            @Override
            public void described(byte[] body) {
                description = description == null ? body : description;
            }

            @Override
            public void row(byte[] body) throws SqlException {
                if (!keep) {
                    return;
                }
                bytes += body.length + 32L;
                if (bytes > memory) {
                    throw new SqlException(
                            SqlError.LIMIT_EXCEEDED,
                            "a change of several shards returns more than " + memory + " bytes of rows (max-merge)");
                }
                rows.add(body);
            }
        };
    }

    /** All of them, or null when there is no such thing. */
    public LocalReplies.@Nullable Rows all() {
        byte[] told = description;
        return told == null ? null : new LocalReplies.Rows(told, rows);
    }
}
