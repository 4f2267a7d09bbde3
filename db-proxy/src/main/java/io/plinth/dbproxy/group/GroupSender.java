package io.plinth.dbproxy.group;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.group.GroupPlan.Step;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.usage.Usage;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.SqlError;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a group to a server connection as one buffer: client's names turned into the proxy's, statements the server
 * lacks parsed first, and every reply entered as expected. Used once, on the connection's event loop.
 */
public final class GroupSender {
    private static final byte[] NOT_SQL = "!".getBytes(StandardCharsets.US_ASCII);

    private final ServerConnection server;
    private final Usage usage;
    private final ByteBuf out;

    public GroupSender(ServerConnection server, Usage usage) {
        this.usage = usage;
        this.server = server;
        this.out = server.allocator().buffer();
    }

    /** The transaction's beginning that was put off until now. */
    public void begin(byte[] sql, Consumer<Expectation.Outcome> done) {
        server.prepared().forgetUnnamed();
        server.expect(new Expectation.Injected(done));
        FrontendWriter.query(out, sql);
    }

    public void group(GroupPlan plan) {
        for (Step step : plan.steps()) {
            PreparedStatement needs =
                    step.statement() == null ? null : step.statement().needs();
            if (needs != null && !server.prepared().has(needs)) {
                prepare(needs);
            }
        }
        for (Step step : plan.steps()) {
            step(step.message(), step.statement());
        }
        server.send(out);
    }

    /** Like {@link #group}, with a Sync behind it that the client has not sent. */
    public void synced(GroupPlan plan) {
        for (Step step : plan.steps()) {
            step(step.message(), step.statement());
        }
        server.expect(new Expectation.Sync(true));
        FrontendWriter.bare(out, Frontend.SYNC);
        server.send(out);
    }

    /** Makes the server fail the transaction, and has the client see {@code error} as the reason. */
    public void refusal(SqlError error, boolean endsReady) {
        server.expect(new Expectation.Refusal(error));
        FrontendWriter.parse(out, "plinth_refused", NOT_SQL, new int[0]);
        if (endsReady) {
            server.expect(new Expectation.Sync(false));
            FrontendWriter.bare(out, Frontend.SYNC);
        } else {
            FrontendWriter.bare(out, Frontend.FLUSH);
        }
        server.send(out);
    }

    /** Has the server prepare what the client has prepared with SQL elsewhere; an error shows in the EXECUTE. */
    private void prepare(PreparedStatement statement) {
        server.prepared().add(statement);
        server.expect(new Expectation.Injected(outcome -> {
            if (outcome.error() != null) {
                server.prepared().remove(statement);
            }
        }));
        FrontendWriter.query(out, statement.prepare().getBytes(StandardCharsets.UTF_8));
    }

    private void step(ClientMessage message, @Nullable PreparedStatement statement) {
        switch (message) {
            case ClientMessage.Query query -> {
                server.prepared().forgetUnnamed();
                if (statement != null) {
                    server.expect(new Expectation.Query(statement.plan()));
                    FrontendWriter.query(out, query.sql());
                }
            }
            case ClientMessage.Parse parse -> {
                usage.clientParses++;
                if (statement != null) {
                    parse(parse.name(), statement);
                }
            }
            case ClientMessage.Bind bind -> {
                usage.binds++;
                if (statement != null) {
                    boolean unnamed = bind.statement().isEmpty();
                    provide(statement, unnamed);
                    server.expect(new Expectation.Bind());
                    FrontendWriter.bind(
                            out, bind.portal(), unnamed ? "" : statement.serverName(), bind.body(), bind.tail());
                }
            }
            case ClientMessage.Describe describe -> describe(describe, statement);
            case ClientMessage.Execute execute -> {
                server.expect(new Expectation.Execute(statement == null ? null : statement.plan()));
                FrontendWriter.execute(out, execute.portal(), execute.rows());
            }
            case ClientMessage.Close close -> {
                if (close.kind() == Frontend.STATEMENT) {
                    server.expect(new Expectation.AlreadyClosed(close.name()));
                } else {
                    server.expect(new Expectation.ClosePortal());
                    FrontendWriter.named(out, Frontend.CLOSE, Frontend.PORTAL, close.name());
                }
            }
            case ClientMessage.Sync _ -> {
                server.expect(new Expectation.Sync(false));
                FrontendWriter.bare(out, Frontend.SYNC);
            }
            case ClientMessage.Flush _ -> FrontendWriter.bare(out, Frontend.FLUSH);
            case ClientMessage.FunctionCall call -> {
                server.expect(new Expectation.Call());
                FrontendWriter.raw(out, Frontend.FUNCTION_CALL, call.body());
            }
            case ClientMessage.CopyPiece _,
                    ClientMessage.CopyDone _,
                    ClientMessage.CopyFail _,
                    ClientMessage.Password _,
                    ClientMessage.Terminate _ ->
                throw new IllegalStateException("message outside of groups - message=" + message);
        }
    }

    private void parse(String name, PreparedStatement statement) {
        if (name.isEmpty()) {
            server.prepared().unnamed(statement);
            server.expect(new Expectation.Parse(statement, "", true));
            usage.serverParses++;
            FrontendWriter.parse(out, "", statement.sql(), statement.types());
        } else if (server.prepared().has(statement)) {
            server.expect(new Expectation.AlreadyParsed(name, statement));
        } else {
            add(statement, name);
        }
    }

    private void describe(ClientMessage.Describe describe, @Nullable PreparedStatement statement) {
        if (describe.kind() == Frontend.PORTAL) {
            server.expect(new Expectation.DescribePortal());
            FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.PORTAL, describe.name());
        } else if (statement != null) {
            boolean unnamed = describe.name().isEmpty();
            provide(statement, unnamed);
            server.expect(new Expectation.DescribeStatement());
            FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.STATEMENT, unnamed ? "" : statement.serverName());
        }
    }

    /** Sees to it that the server has the statement. */
    private void provide(PreparedStatement statement, boolean unnamed) {
        if (unnamed && server.prepared().unnamed() != statement) {
            server.prepared().unnamed(statement);
            server.expect(new Expectation.Parse(statement, null, true));
            usage.serverParses++;
            FrontendWriter.parse(out, "", statement.sql(), statement.types());
        } else if (!unnamed && !server.prepared().has(statement)) {
            add(statement, null);
        }
    }

    private void add(PreparedStatement statement, @Nullable String name) {
        if (server.prepared().wasStale(statement)) {
            server.expect(new Expectation.Evict(statement));
            FrontendWriter.named(out, Frontend.CLOSE, Frontend.STATEMENT, statement.serverName());
        }
        server.prepared().add(statement);
        server.expect(new Expectation.Parse(statement, name, false));
        usage.serverParses++;
        FrontendWriter.parse(out, statement.serverName(), statement.sql(), statement.types());
        PreparedStatement evicted = server.prepared().evict();
        if (evicted != null) {
            server.expect(new Expectation.Evict(evicted));
            FrontendWriter.named(out, Frontend.CLOSE, Frontend.STATEMENT, evicted.serverName());
        }
    }
}
