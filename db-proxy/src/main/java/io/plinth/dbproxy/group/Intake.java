package io.plinth.dbproxy.group;

import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a client has sent ahead, in groups that end with a Sync, a Flush or a query. Owned by the session's event loop. */
public final class Intake {
    /** What a message costs beside its bytes. */
    private static final long OVERHEAD = 64;

    private final long mostBytes;
    private final int mostMessages;
    private final ArrayDeque<List<ClientMessage>> groups = new ArrayDeque<>();
    private List<ClientMessage> gathering = new ArrayList<>();
    private long bytes;

    /** {@code mostBytes} and {@code mostMessages} bound what may be sent ahead. */
    public Intake(long mostBytes, int mostMessages) {
        this.mostBytes = mostBytes;
        this.mostMessages = mostMessages;
    }

    /** Adds a message; tells whether it completed a group. */
    public boolean add(ClientMessage message) throws SqlException {
        boolean alone = message instanceof ClientMessage.Query || message instanceof ClientMessage.FunctionCall;
        if (alone && !gathering.isEmpty()) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "a query inside a pipeline (expected: Sync before it)");
        }
        bytes += message.size() + OVERHEAD;
        gathering.add(message);
        // Reading stops at the limit once a group is whole, so twice of it is reached by one endless group only.
        if (gathering.size() > mostMessages || bytes > 2 * mostBytes) {
            throw new SqlException(
                    SqlError.LIMIT_EXCEEDED,
                    "pipeline: more than " + mostMessages + " messages or " + mostBytes
                            + " bytes before Sync (max-pipeline-messages, max-pipeline)");
        }
        boolean whole = alone || message instanceof ClientMessage.Sync || message instanceof ClientMessage.Flush;
        if (whole) {
            groups.add(gathering);
            gathering = new ArrayList<>();
        }
        return whole;
    }

    /** The next whole group, or null. */
    @Nullable
    public List<ClientMessage> next() {
        List<ClientMessage> group = groups.poll();
        if (group != null) {
            for (ClientMessage message : group) {
                bytes -= message.size() + OVERHEAD;
            }
        }
        return group;
    }

    /** Whether reading should pause until groups are done with. */
    public boolean full() {
        return bytes > mostBytes && !groups.isEmpty();
    }

    public boolean empty() {
        return groups.isEmpty() && gathering.isEmpty();
    }

    public void clear() {
        groups.clear();
        gathering = new ArrayList<>();
    }
}
