package io.plinth.dbproxy.copy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedCopy.Format;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.ServerMessages;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends the client the rows of a table of every shard, one shard after the other, as fast as it takes them. Owned by the
 * client's event loop; used once. Each shard answers with its own snapshot.
 */
public final class CopyTo {
    private static final int BINARY_HEADER = 19;
    private static final byte[] TRAILER = {(byte) 0xff, (byte) 0xff};

    /** Where server connections come from. */
    public interface Lender {
        /** Answers with a connection to a shard, or why there is none. */
        void lend(String shard, Consumer<ServerConnection> granted, Consumer<SqlError> refused);

        void giveBack(ServerConnection connection);

        /** Has the server stop what it does for us. */
        void stop(ServerConnection connection);
    }

    private final ShardedCopy copy;
    private final byte[] sql;
    private final List<String> shards;
    private final Settings settings;
    private final Channel client;
    private final Lender lender;
    private final Consumer<ByteBuf> preface;
    private Consumer<String> done = tag -> {};
    private Consumer<SqlError> failed = error -> {};
    private @Nullable Shard current;
    private boolean told;
    private boolean over;
    private long rows;

    /** {@code preface} writes what the client is told before the rows. */
    public CopyTo(
            ShardedCopy copy,
            byte[] sql,
            List<String> shards,
            Settings settings,
            Channel client,
            Lender lender,
            Consumer<ByteBuf> preface) {
        this.copy = copy;
        this.sql = sql;
        this.shards = List.copyOf(shards);
        this.settings = settings;
        this.client = client;
        this.lender = lender;
        this.preface = preface;
    }

    /** One shard's rows. */
    private final class Shard extends QuietSink {
        private final int index;
        private boolean first = true;
        private @Nullable SqlError error;

        Shard(ServerConnection connection, int index) {
            super(connection);
            this.index = index;
        }

        @Override
        void message(byte type, ByteBuf body) throws SqlException {
            switch (type) {
                case Backend.COPY_OUT -> begin(QuietSink.copy(body));
                case Backend.COPY_DATA -> {
                    data(QuietSink.copy(body));
                    first = false;
                }
                case Backend.ERROR -> error = ServerMessages.failure(body).error();
                case Backend.COMMAND_COMPLETE -> {
                    String tag = ServerMessages.string(body);
                    rows += Long.parseLong(tag.substring(tag.lastIndexOf(' ') + 1));
                }
                default -> {}
            }
        }

        private void begin(byte[] response) {
            if (!told) {
                told = true;
                ByteBuf out = client.alloc().buffer(5 + response.length);
                preface.accept(out);
                BackendWriter.raw(out, Backend.COPY_OUT, response);
                client.write(out, client.voidPromise());
            }
        }

        /** Headers come from the first shard only, the trailer when all is said. */
        private void data(byte[] bytes) {
            byte[] rest = bytes;
            if (copy.format() == Format.BINARY) {
                rest = first && index > 0 ? Arrays.copyOfRange(bytes, BINARY_HEADER, bytes.length) : rest;
                boolean end = rest.length >= 2
                        && (rest.length == 2 || (rest.length == BINARY_HEADER + 2 && first))
                        && Arrays.equals(rest, rest.length - 2, rest.length, TRAILER, 0, 2);
                rest = end ? Arrays.copyOf(rest, rest.length - 2) : rest;
            } else if (first && index > 0 && copy.header()) {
                return;
            }
            if (rest.length > 0) {
                write(Backend.COPY_DATA, rest);
            }
        }

        @Override
        public void flush() {
            client.flush();
        }

        @Override
        public boolean writable() {
            return client.isWritable();
        }

        @Override
        void ended() {
            ServerConnection connection = connection();
            current = null;
            SqlError why = error;
            connection.loop().execute(() -> {
                lender.giveBack(connection);
                if (why != null) {
                    fail(why);
                } else {
                    next(index + 1);
                }
            });
        }

        @Override
        void broken(SqlError why) {
            current = null;
            connection().close();
            lender.giveBack(connection());
            fail(why);
        }
    }

    private void write(byte type, byte[] body) {
        ByteBuf out = client.alloc().buffer(5 + body.length);
        BackendWriter.raw(out, type, body);
        client.write(out, client.voidPromise());
    }

    /** Begins when {@code gate} lets it. One of the two is told in the end, also when it is cancelled before the gate. */
    public void run(Consumer<Runnable> gate, Consumer<String> whenDone, Consumer<SqlError> whenFailed) {
        done = whenDone;
        failed = whenFailed;
        gate.accept(() -> next(0));
    }

    private void next(int index) {
        if (over) {
            return;
        }
        if (index == shards.size()) {
            over = true;
            if (copy.format() == Format.BINARY) {
                write(Backend.COPY_DATA, TRAILER);
            }
            write(Backend.COPY_DONE, new byte[0]);
            done.accept("COPY " + rows);
            return;
        }
        lender.lend(shards.get(index), connection -> prepare(connection, index), this::fail);
    }

    private void prepare(ServerConnection connection, int index) {
        String changes = connection.applied().towards(settings);
        connection.inject(changes.isEmpty() ? ";" : changes, outcome -> {
            SqlError error = outcome.error();
            if (error == null) {
                // Also when it is not wanted any more: whoever has the connection next must find them known.
                connection.applied(settings);
            }
            if (over || error != null) {
                connection.loop().execute(() -> lender.giveBack(connection));
                if (error != null) {
                    fail(error);
                }
                return;
            }
            ask(connection, index);
        });
    }

    private void ask(ServerConnection connection, int index) {
        Shard shard = new Shard(connection, index);
        current = shard;
        connection.attach(shard);
        connection.prepared().forgetUnnamed();
        connection.expect(new Expectation.Query(new SqlPlan(List.of(), null)));
        ByteBuf out = connection.allocator().buffer();
        FrontendWriter.query(out, sql);
        connection.send(out);
    }

    /** The client takes more. */
    public void resume() {
        Shard shard = current;
        if (shard != null) {
            shard.connection().reading(true);
        }
    }

    private void fail(SqlError why) {
        if (!over) {
            over = true;
            failed.accept(why);
        }
    }

    /** Ends it; what is under way is closed, so that nothing of it reaches anybody. */
    public void cancel(SqlError why, boolean tell) {
        Shard shard = current;
        current = null;
        if (!over) {
            over = true;
            if (shard != null) {
                lender.stop(shard.connection());
            }
            if (tell) {
                failed.accept(why);
            }
        }
    }
}
