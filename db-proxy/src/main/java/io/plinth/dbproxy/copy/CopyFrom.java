package io.plinth.dbproxy.copy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.Topology;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.ServerMessages;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Sends the rows that a client copies each to its shard; those of a reference table to all. Owned by the client's event loop;
 * used once. The transactions around it are not its own.
 *
 * <pre>
 *   OPENING --every shard takes data--> STREAMING --CopyDone--> ENDING --every shard ready--> done
 *      \------------- an error -------------\------> every shard told CopyFail and ready --> failed
 * </pre>
 */
public final class CopyFrom {
    private static final int HEADER = 5;

    private final ShardedCopy copy;
    private final Topology topology;
    private final byte[] sql;
    private final Channel client;
    private final int longest;
    private final Runnable regulate;
    private final Consumer<ByteBuf> preface;
    private final LongSupplier nanoTime;
    private final Map<String, Shard> shards = new LinkedHashMap<>();
    private final byte[] header = new byte[HEADER];
    private List<String> columns;
    private @Nullable RowSplitter splitter;
    private byte[] response = new byte[0];
    private int headerFilled;
    private long left;
    private boolean streaming;
    private boolean ended;
    private boolean asking;
    private @Nullable SqlError failure;
    private Runnable done = () -> {};
    private Consumer<SqlError> failed = error -> {};

    /**
     * A COPY.
     *
     * @param sql the client's statement, the same for each shard
     * @param longest bytes of a row at most
     * @param regulate looks anew whether the client is read on
     * @param preface writes what the client is told before it copies
     */
    public CopyFrom(
            ShardedCopy copy,
            Topology topology,
            byte[] sql,
            Channel client,
            int longest,
            Runnable regulate,
            Consumer<ByteBuf> preface,
            LongSupplier nanoTime) {
        this.copy = copy;
        this.topology = topology;
        this.sql = sql;
        this.client = client;
        this.longest = longest;
        this.regulate = regulate;
        this.preface = preface;
        this.nanoTime = nanoTime;
        this.columns = copy.columns();
    }

    /** One shard's part. */
    private final class Shard extends QuietSink {
        private final Runnable opened;
        private boolean opening = true;
        private boolean taking;
        private long rows;
        private @Nullable SqlError error;
        private @Nullable ByteBuf out;

        Shard(ServerConnection connection, Runnable opened) {
            super(connection);
            this.opened = opened;
        }

        /** Whether the server is at it: it takes nothing else before it is ready. */
        boolean busy() {
            return opening || taking;
        }

        @Override
        void message(byte type, ByteBuf body) throws SqlException {
            switch (type) {
                case Backend.COPY_IN -> response = copy(body);
                case Backend.ERROR ->
                    error = error == null ? ServerMessages.failure(body).error() : error;
                case Backend.COMMAND_COMPLETE -> {
                    String tag = ServerMessages.string(body);
                    rows = Long.parseLong(tag.substring(tag.lastIndexOf(' ') + 1));
                }
                default -> {}
            }
        }

        @Override
        public void copyIn(boolean readyOwed) {
            opening = false;
            taking = true;
            if (failure == null) {
                opened.run();
            } else {
                end(Frontend.COPY_FAIL, new byte[] {0});
            }
        }

        @Override
        public void serverWritable(boolean writable) {
            regulate.run();
        }

        @Override
        void ended() {
            connection().detach(nanoTime.getAsLong());
            over(error);
        }

        @Override
        void broken(SqlError why) {
            over(error == null ? why : error);
        }

        private void over(@Nullable SqlError why) {
            boolean began = taking;
            opening = false;
            taking = false;
            release();
            if (!began) {
                abort(why == null ? SqlError.of(SqlError.PROTOCOL_VIOLATION, "COPY was not begun") : why);
            } else if (why != null) {
                abort(SqlError.of(why.code(), "on shard " + connection().key().shard() + ": " + why.message()));
            } else {
                settle();
            }
        }

        void add(byte[] bytes, int from, int to) {
            ByteBuf data = out;
            if (data == null) {
                data = connection().allocator().buffer(Math.max(1024, to - from + HEADER));
                data.writeByte(Frontend.COPY_DATA).writeInt(0);
                out = data;
            }
            data.writeBytes(bytes, from, to - from);
        }

        void send() {
            ByteBuf data = out;
            out = null;
            if (data != null) {
                data.setInt(1, data.readableBytes() - 1);
                if (taking && connection().open()) {
                    connection().send(data);
                } else {
                    data.release();
                }
            }
        }

        void release() {
            ByteBuf data = out;
            out = null;
            if (data != null) {
                data.release();
            }
        }

        void end(byte type, byte[] body) {
            if (taking && connection().open()) {
                ByteBuf message = connection().allocator().buffer(HEADER + body.length);
                FrontendWriter.raw(message, type, body);
                connection().send(message);
            }
        }
    }

    /** Has a shard take data, in the transaction that is open there; {@code stop} when it does not. */
    public void open(ServerConnection connection, Runnable next, Consumer<SqlError> stop) {
        failed = stop;
        if (splitter != null || !copy.table().keyed()) {
            begin(connection, next);
            return;
        }
        String name = copy.table().name().replace("\"", "\"\"").replace("'", "''");
        String asked = columns.isEmpty()
                ? "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = '\"" + name
                        + "\"'::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
                        + " ORDER BY attnum"
                : ";";
        asking = true;
        connection.inject(asked, outcome -> {
            asking = false;
            SqlError error = outcome.error() == null ? failure : outcome.error();
            if (error == null) {
                if (columns.isEmpty()) {
                    columns = outcome.rows().stream()
                            .map(row -> String.valueOf(row.getFirst()))
                            .collect(Collectors.toList());
                }
                try {
                    splitter = new RowSplitter(copy, columns, longest);
                    begin(connection, next);
                    return;
                } catch (SqlException e) {
                    error = e.error();
                }
            }
            abort(error);
        });
    }

    private void begin(ServerConnection connection, Runnable next) {
        Shard shard = new Shard(connection, next);
        shards.put(connection.key().shard(), shard);
        connection.attach(shard);
        connection.prepared().forgetUnnamed();
        connection.expect(new Expectation.Query(new SqlPlan(List.of(), null)));
        ByteBuf out = connection.allocator().buffer();
        FrontendWriter.query(out, sql);
        connection.send(out);
    }

    /** Every shard takes data: the client is told so. One of the two is called in the end, with every server ready. */
    public void stream(Runnable whenDone, Consumer<SqlError> whenFailed) {
        done = whenDone;
        failed = whenFailed;
        streaming = true;
        ByteBuf out = client.alloc().buffer(HEADER + response.length);
        preface.accept(out);
        out.writeByte(Backend.COPY_IN).writeInt(4 + response.length).writeBytes(response);
        client.writeAndFlush(out, client.voidPromise());
        regulate.run();
    }

    /** Whether the client's data is taken here. */
    public boolean streaming() {
        return streaming;
    }

    /** Whether more data is welcome. */
    public boolean writable() {
        return shards.values().stream().allMatch(shard -> shard.connection().writable());
    }

    /** Takes ownership of messages of data, or of a piece of one. */
    public void copied(ByteBuf run) {
        try {
            while (run.isReadable() && streaming) {
                if (left == 0) {
                    frameHeader(run);
                } else {
                    int part = (int) Math.min(left, run.readableBytes());
                    left -= part;
                    data(run.nioBuffer(run.readerIndex(), part));
                    run.skipBytes(part);
                }
            }
            shards.values().forEach(Shard::send);
            if (!writable()) {
                regulate.run();
            }
        } catch (SqlException e) {
            abort(e.error());
        } finally {
            run.release();
        }
    }

    private void frameHeader(ByteBuf run) {
        header[headerFilled++] = run.readByte();
        if (headerFilled == HEADER) {
            headerFilled = 0;
            left = ByteBuffer.wrap(header).getInt(1) - 4L;
        }
    }

    private void data(ByteBuffer bytes) throws SqlException {
        RowSplitter rows = splitter;
        if (rows == null) {
            byte[] all = new byte[bytes.remaining()];
            bytes.get(all);
            row(all, 0, all.length, null);
        } else {
            rows.feed(bytes, this::row);
        }
    }

    private void row(byte[] bytes, int from, int to, @Nullable List<Object> key) throws SqlException {
        if (key == null) {
            shards.values().forEach(shard -> shard.add(bytes, from, to));
            return;
        }
        String name = topology.shard(copy.table(), key);
        if (name == null) {
            throw new SqlException(
                    "23514",
                    "no shard of table " + copy.table().name() + " is meant for the row's "
                            + copy.table().key());
        }
        Objects.requireNonNull(shards.get(name)).add(bytes, from, to);
    }

    /** The client has sent all. */
    public void finish() {
        RowSplitter rows = splitter;
        try {
            if (rows != null) {
                rows.finish(this::row);
            }
        } catch (SqlException e) {
            abort(e.error());
            return;
        }
        streaming = false;
        ended = true;
        shards.values().forEach(Shard::send);
        shards.values().forEach(shard -> shard.end(Frontend.COPY_DONE, new byte[0]));
    }

    /** The client has given up, and said why. */
    public void refuse(byte[] why) {
        int length = why.length > 0 && why[why.length - 1] == 0 ? why.length - 1 : why.length;
        abort(SqlError.of(
                SqlError.QUERY_CANCELED,
                "COPY from stdin failed: " + new String(why, 0, length, StandardCharsets.UTF_8)));
    }

    /**
     * Ends it with an error, once every shard has let go of it. {@code stop} is for servers that may not read what we send: they
     * may wait for a lock, or check what they have.
     */
    public void cancel(SqlError why, Consumer<ServerConnection> stop) {
        List<Shard> busy = shards.values().stream().filter(Shard::busy).toList();
        abort(why);
        for (Shard shard : busy) {
            if (shard.busy() && shard.connection().open()) {
                stop.accept(shard.connection());
            }
        }
    }

    /** The same for an error from elsewhere: {@code then} runs when no server is at it any more. */
    public void giveUp(SqlError why, Runnable then) {
        failed = ignored -> then.run();
        abort(why);
    }

    private void abort(SqlError why) {
        if (failure == null) {
            failure = why;
            streaming = false;
            for (Shard shard : new ArrayList<>(shards.values())) {
                shard.release();
                shard.end(Frontend.COPY_FAIL, new byte[] {0});
            }
        }
        settle();
    }

    private void settle() {
        if (asking || shards.values().stream().anyMatch(Shard::busy)) {
            return;
        }
        SqlError why = failure;
        if (why != null) {
            Consumer<SqlError> told = failed;
            failed = ignored -> {};
            told.accept(why);
        } else if (ended) {
            Runnable next = done;
            done = () -> {};
            next.run();
        }
    }

    /** What the client is told in the end. */
    public String tag() {
        long rows = copy.table().keyed()
                ? shards.values().stream().mapToLong(shard -> shard.rows).sum()
                : shards.values().stream()
                        .mapToLong(shard -> shard.rows)
                        .findFirst()
                        .orElse(0);
        return "COPY " + rows;
    }
}
