package io.plinth.dbproxy.server;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.dbproxy.wire.ServerMessages;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import io.plinth.dbproxy.wire.TagReader;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The replies a server connection owes, in order, and what becomes of each. Owned by the connection's event loop.
 *
 * <p>An error inside a pipeline strikes out everything up to the next Sync, on our side as on the server's. Whatever
 * comes that is not owed ends the connection.
 */
final class Replies implements FrameReader.Sink {
    private enum Copy {
        NONE,
        IN,
        OUT
    }

    /** What {@link #handedOn} tells the client's side of. */
    private enum Tell {
        NOTHING,
        ALREADY,
        COPY_IN,
        READY,
        FATAL
    }

    private final ServerConnection connection;
    private final Prepared prepared;
    private final TagReader tags = new TagReader();
    private final ArrayDeque<Expectation> expected = new ArrayDeque<>();
    private Copy copy = Copy.NONE;
    private Tell tell = Tell.NOTHING;
    private byte status = Backend.IDLE;
    private boolean skipping;
    private boolean parametersSeen;
    private boolean repeating;
    private boolean standby;

    Replies(ServerConnection connection, Prepared prepared) {
        this.connection = connection;
        this.prepared = prepared;
        this.standby = "on".equals(connection.identity().parameters().get("in_hot_standby"));
    }

    byte status() {
        return status;
    }

    boolean idle() {
        return expected.isEmpty() && copy == Copy.NONE && !skipping;
    }

    void expect(Expectation expectation) {
        if (skipping && !(expectation instanceof Expectation.Sync)) {
            forget(expectation);
            return;
        }
        skipping = false;
        expected.add(expectation);
    }

    /** Tells the client what it is owed next and no server will say. */
    void answerAlready() {
        ReplySink sink = connection.sink();
        while (sink != null) {
            switch (expected.peek()) {
                case Expectation.AlreadyParsed(String name, PreparedStatement statement) -> {
                    sink.bytes(bare(Backend.PARSE_COMPLETE));
                    sink.parsed(name, statement);
                }
                case Expectation.AlreadyClosed(String name) -> {
                    sink.bytes(bare(Backend.CLOSE_COMPLETE));
                    sink.unnamed(name);
                }
                case null, default -> {
                    return;
                }
            }
            expected.remove();
        }
    }

    /** Ends queries of ours that will never be answered. */
    void abandon() {
        ArrayDeque<Expectation> left = new ArrayDeque<>(expected);
        expected.clear();
        for (Expectation expectation : left) {
            if (expectation instanceof Expectation.Injected injected) {
                SqlError lost = SqlError.of(
                        SqlError.CONNECTION_FAILURE,
                        "connection to server " + connection.key().name() + " was lost");
                injected.done.accept(new Expectation.Outcome(lost, "", injected.rows));
            }
        }
    }

    @Override
    public boolean streams(byte type) {
        if (type == Backend.DATA_ROW) {
            return switch (expected.peek()) {
                case Expectation.Execute _, Expectation.Query _ -> true;
                case null, default -> false;
            };
        }
        return type == Backend.COPY_DATA && copy == Copy.OUT;
    }

    @Override
    public void run(ByteBuf run) {
        ReplySink sink = connection.sink();
        if (sink == null) {
            run.release();
        } else {
            sink.bytes(run);
        }
    }

    @Override
    public Verdict frame(byte type, ByteBuf body) throws SqlException {
        Expectation head = expected.peek();
        boolean ours = head instanceof Expectation.Injected;
        return switch (type) {
            case Backend.NOTICE -> ours || connection.sink() == null ? Verdict.DROP : Verdict.PASS;
            case Backend.NOTIFICATION -> {
                if (connection.sink() != null) {
                    yield Verdict.PASS;
                }
                connection.notified(body);
                yield Verdict.DROP;
            }
            case Backend.PARAMETER_STATUS -> parameter(body, ours);
            case Backend.ERROR -> error(head, body);
            case Backend.READY -> ready(head, body);
            default -> {
                if (head == null) {
                    throw unexpected(type, "nothing");
                }
                yield reply(head, type, body);
            }
        };
    }

    private Verdict reply(Expectation head, byte type, ByteBuf body) throws SqlException {
        return switch (head) {
            case Expectation.Injected injected -> injected(injected, type, body);
            case Expectation.Parse parse -> {
                demand(type == Backend.PARSE_COMPLETE, type, "ParseComplete");
                yield parsed(parse);
            }
            case Expectation.Bind _ -> {
                demand(type == Backend.BIND_COMPLETE, type, "BindComplete");
                yield done(Verdict.PASS);
            }
            case Expectation.DescribeStatement _ -> {
                if (type == Backend.PARAMETER_DESCRIPTION) {
                    parametersSeen = true;
                    yield Verdict.PASS;
                }
                demand(parametersSeen && columns(type), type, "a statement's description");
                parametersSeen = false;
                yield done(Verdict.PASS);
            }
            case Expectation.DescribePortal _ -> {
                demand(columns(type), type, "a portal's description");
                yield done(Verdict.PASS);
            }
            case Expectation.ClosePortal _ -> {
                demand(type == Backend.CLOSE_COMPLETE, type, "CloseComplete");
                yield done(Verdict.PASS);
            }
            case Expectation.Evict _ -> {
                demand(type == Backend.CLOSE_COMPLETE, type, "CloseComplete");
                yield done(Verdict.DROP);
            }
            case Expectation.Execute execute -> execute(execute, type, body);
            case Expectation.Query query -> query(query, type, body);
            case Expectation.Call _ -> {
                demand(type == Backend.FUNCTION_RESULT, type, "a function's result");
                yield Verdict.PASS;
            }
            case Expectation.Sync _, Expectation.Refusal _, Expectation.AlreadyParsed _, Expectation.AlreadyClosed _ ->
                throw unexpected(type, head.getClass().getSimpleName());
        };
    }

    private static boolean columns(byte type) {
        return type == Backend.ROW_DESCRIPTION || type == Backend.NO_DATA;
    }

    private Verdict parsed(Expectation.Parse parse) {
        String name = parse.name();
        ReplySink sink = connection.sink();
        if (name == null) {
            return done(Verdict.DROP);
        }
        if (sink != null) {
            sink.parsed(name, parse.statement());
        }
        return done(Verdict.PASS);
    }

    private Verdict execute(Expectation.Execute execute, byte type, ByteBuf body) throws SqlException {
        return switch (type) {
            case Backend.COMMAND_COMPLETE, Backend.PORTAL_SUSPENDED -> {
                copy = Copy.NONE;
                ReplySink sink = connection.sink();
                if (execute.plan() != null && sink != null) {
                    // What a suspended portal has called already stays in the session like all it would have called.
                    String tag = type == Backend.COMMAND_COMPLETE ? tags.read(body) : "";
                    sink.completed(execute.plan(), 0, tag);
                }
                yield done(Verdict.PASS);
            }
            case Backend.EMPTY_QUERY -> done(Verdict.PASS);
            case Backend.COPY_IN -> {
                copyIn();
                expected.remove();
                // The Sync that was sent along with the COPY is ignored by the server (copyfromparse.c).
                if (expected.peek() instanceof Expectation.Sync) {
                    expected.remove();
                }
                expected.addFirst(execute);
                yield Verdict.PASS_AND_TELL;
            }
            default -> copyOut(type);
        };
    }

    private Verdict query(Expectation.Query query, byte type, ByteBuf body) throws SqlException {
        return switch (type) {
            case Backend.COMMAND_COMPLETE -> {
                copy = Copy.NONE;
                ReplySink sink = connection.sink();
                if (sink != null) {
                    sink.completed(query.plan, query.completed++, tags.read(body));
                }
                yield Verdict.PASS;
            }
            case Backend.EMPTY_QUERY, Backend.ROW_DESCRIPTION -> Verdict.PASS;
            case Backend.COPY_IN -> {
                copyIn();
                yield Verdict.PASS_AND_TELL;
            }
            default -> copyOut(type);
        };
    }

    private void copyIn() {
        copy = Copy.IN;
        tell = Tell.COPY_IN;
    }

    private boolean readyOwed() {
        return expected.stream()
                .anyMatch(owed -> owed instanceof Expectation.Query || owed instanceof Expectation.Sync);
    }

    private Verdict copyOut(byte type) throws SqlException {
        if (type == Backend.COPY_OUT) {
            copy = Copy.OUT;
            return Verdict.PASS;
        }
        demand(type == Backend.COPY_DONE && copy == Copy.OUT, type, "rows or a completion");
        return Verdict.PASS;
    }

    private static Verdict injected(Expectation.Injected injected, byte type, ByteBuf body) throws SqlException {
        switch (type) {
            case Backend.COMMAND_COMPLETE -> injected.tag = ServerMessages.string(body);
            case Backend.DATA_ROW, Backend.ROW_DESCRIPTION -> rows(injected, type, body);
            case Backend.EMPTY_QUERY, Backend.PARSE_COMPLETE, Backend.BIND_COMPLETE, Backend.NO_DATA -> {}
            default -> throw unexpected(type, "the reply to a query of the proxy's");
        }
        return Verdict.DROP;
    }

    private static void rows(Expectation.Injected injected, byte type, ByteBuf body) {
        Expectation.Taker taker = injected.taker;
        if (taker == null) {
            if (type == Backend.DATA_ROW) {
                injected.rows.add(ServerMessages.textRow(body));
            }
            return;
        }
        byte[] bytes = new byte[body.readableBytes()];
        body.readBytes(bytes);
        try {
            if (type == Backend.ROW_DESCRIPTION) {
                taker.described(bytes);
            } else if (injected.error == null) {
                taker.row(bytes);
            }
        } catch (SqlException e) {
            injected.error = e.error();
        }
    }

    private Verdict parameter(ByteBuf body, boolean ours) throws SqlException {
        String name = ServerMessages.string(body);
        String value = ServerMessages.string(body);
        if (name.equals("in_hot_standby")) {
            standby = value.equals("on");
        }
        ReplySink sink = connection.sink();
        return sink != null && sink.parameter(name, value, ours) ? Verdict.PASS : Verdict.DROP;
    }

    private Verdict error(@Nullable Expectation head, ByteBuf body) throws SqlException {
        ServerMessages.Failure failure = ServerMessages.failure(body);
        if (failure.fatal()) {
            tell = Tell.FATAL;
            return Verdict.PASS_AND_TELL;
        }
        copy = Copy.NONE;
        parametersSeen = false;
        ReplySink sink = connection.sink();
        if (sink != null && mayRepeat(head)) {
            connection.reader().cut(this);
            if (sink.repeats(failure.error(), standby)) {
                repeating = true;
                if (!(head instanceof Expectation.Query)) {
                    skip();
                }
                return Verdict.DROP;
            }
        }
        if (sink != null && !(head instanceof Expectation.Injected)) {
            tellFailed(sink, head);
        }
        return switch (head) {
            case null -> throw unexpected(Backend.ERROR, "nothing");
            case Expectation.Injected injected -> {
                injected.error = failure.error();
                yield Verdict.DROP;
            }
            case Expectation.Query _, Expectation.Call _ -> Verdict.PASS;
            case Expectation.Refusal(SqlError error) -> {
                connection.reader().cut(this);
                ByteBuf out = connection.allocator().buffer();
                BackendWriter.error(out, "ERROR", error);
                run(out);
                skip();
                yield Verdict.DROP;
            }
            default -> {
                skip();
                yield Verdict.PASS;
            }
        };
    }

    private static void tellFailed(ReplySink sink, @Nullable Expectation head) {
        switch (head) {
            case Expectation.Query query -> sink.failed(query.plan, query.completed);
            case Expectation.Execute execute -> sink.failed(execute.plan(), 0);
            case null, default -> sink.failed(null, 0);
        }
    }

    private static boolean mayRepeat(@Nullable Expectation head) {
        return head instanceof Expectation.Query
                || head instanceof Expectation.Bind
                || head instanceof Expectation.Execute;
    }

    boolean standby() {
        return standby;
    }

    /** Strikes out what the server will not do any more. */
    private void skip() {
        while (!expected.isEmpty() && !(expected.peek() instanceof Expectation.Sync)) {
            forget(expected.remove());
        }
        skipping = expected.isEmpty();
    }

    private void forget(Expectation expectation) {
        switch (expectation) {
            case Expectation.Parse parse when parse.unnamed() -> prepared.forgetUnnamed();
            case Expectation.Parse parse -> prepared.remove(parse.statement());
            case Expectation.Evict evict -> prepared.add(evict.statement());
            default -> {}
        }
    }

    private Verdict ready(@Nullable Expectation head, ByteBuf body) throws SqlException {
        demand(body.readableBytes() == 1 && copy != Copy.OUT, Backend.READY, "a reply's end");
        status = body.readByte();
        copy = Copy.NONE;
        return switch (head) {
            case Expectation.Injected injected -> {
                expected.remove();
                connection.reader().cut(this);
                injected.done.accept(new Expectation.Outcome(injected.error, injected.tag, injected.rows));
                answerAlready();
                yield Verdict.DROP;
            }
            case Expectation.Sync(boolean own)
            when own -> {
                expected.remove();
                connection.reader().cut(this);
                ReplySink sink = connection.sink();
                if (sink != null) {
                    sink.synced();
                }
                yield Verdict.DROP;
            }
            case Expectation.Sync _, Expectation.Query _, Expectation.Call _ -> {
                expected.remove();
                if (repeating) {
                    repeating = false;
                    connection.reader().cut(this);
                    ReplySink sink = connection.sink();
                    if (sink != null) {
                        sink.repeat();
                    }
                    yield Verdict.DROP;
                }
                tell = Tell.READY;
                yield Verdict.PASS_AND_TELL;
            }
            case null, default -> throw unexpected(Backend.READY, String.valueOf(head));
        };
    }

    /** The head is answered; what follows may be ours to say. */
    private Verdict done(Verdict verdict) {
        expected.remove();
        boolean already = switch (expected.peek()) {
            case Expectation.AlreadyParsed _, Expectation.AlreadyClosed _ -> true;
            case null, default -> false;
        };
        if (!already) {
            return verdict;
        }
        if (verdict == Verdict.DROP) {
            connection.reader().cut(this);
            answerAlready();
            return verdict;
        }
        tell = Tell.ALREADY;
        return Verdict.PASS_AND_TELL;
    }

    @Override
    public void handedOn() {
        Tell now = tell;
        tell = Tell.NOTHING;
        ReplySink sink = connection.sink();
        switch (now) {
            case NOTHING -> {}
            case ALREADY -> answerAlready();
            case COPY_IN -> {
                if (sink != null) {
                    sink.copyIn(readyOwed());
                }
            }
            case READY -> {
                if (sink != null) {
                    sink.ready(status);
                }
            }
            case FATAL -> connection.fail(null);
        }
    }

    private static void demand(boolean condition, byte type, String what) throws SqlException {
        if (!condition) {
            throw unexpected(type, what);
        }
    }

    private static SqlException unexpected(byte type, String instead) {
        return new SqlException(
                SqlError.PROTOCOL_VIOLATION, "message " + (char) (type & 0xff) + " (expected: " + instead + ")");
    }

    private ByteBuf bare(byte type) {
        ByteBuf out = connection.allocator().buffer(5);
        BackendWriter.bare(out, type);
        return out;
    }
}
