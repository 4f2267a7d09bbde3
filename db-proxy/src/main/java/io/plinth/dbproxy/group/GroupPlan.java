package io.plinth.dbproxy.group;

import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.route.Router;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.rule.Ruling;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.shard.Bound;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A group of messages up to a Sync, Flush or query, with the statements they mean and where all of it must go. Made on
 * the session's event loop.
 */
public final class GroupPlan {
    /** A message and the statement it concerns. */
    public record Step(ClientMessage message, @Nullable PreparedStatement statement) {}

    private final List<Step> steps = new ArrayList<>();
    private final List<StatementPlan> executed = new ArrayList<>();
    private final Router router;
    private final Names names;
    private final StatementCaches caches;
    private final Database database;
    private @Nullable Parting parting;
    private boolean functionCalled;
    private boolean begun;
    private boolean synced = true;
    private final String user;

    /**
     * {@code attached} is the shard of the open transaction, or null; {@code user} is the client's, for the rules; {@code moves} is whether the open transaction may go on to another
     * shard.
     */
    public GroupPlan(
            Names names,
            StatementCaches caches,
            Database database,
            String user,
            @Nullable String attached,
            boolean moves) {
        this.user = user;
        this.names = names;
        this.caches = caches;
        this.database = database;
        this.router = new Router(database.topology(), attached, moves);
    }

    /** Reads the group; throws when its statements cannot go anywhere together. */
    public GroupPlan read(List<ClientMessage> messages) throws SqlException {
        for (ClientMessage message : messages) {
            PreparedStatement statement = statement(message);
            boolean rewritten = message instanceof ClientMessage.Query && statement != null && !statement.cached();
            steps.add(new Step(
                    rewritten && statement != null ? new ClientMessage.Query(statement.sql()) : message, statement));
        }
        route(messages);
        return this;
    }

    /** PREPARE and EXECUTE go under the proxy's own names, so that any server connection can run them. */
    private PreparedStatement planned(PreparedStatement text, boolean once) throws SqlException {
        PreparedStatement statement = caches.routed(database, text, user);
        StatementPlan only = once ? statement.plan().only() : null;
        if (only == null || !(only.need() instanceof StatementPlan.Unsharded)) {
            return statement;
        }
        return switch (only.effect()) {
            case StatementPlan.SqlPrepare prepare -> {
                PreparedStatement made = caches.prepared(database, prepare);
                names.parse(prepare.name(), made);
                yield caches.once(made.prepare(), new SqlPlan(List.of(only), null), null);
            }
            case StatementPlan.SqlExecute execute
            when names.has(execute.name()) -> {
                PreparedStatement prepared = names.statement(execute.name());
                yield caches.once(
                        "EXECUTE " + prepared.serverName() + " " + execute.arguments(), prepared.plan(), prepared);
            }
            default -> statement;
        };
    }

    /** LISTEN or UNLISTEN alone, or null. */
    public StatementPlan.@Nullable Listen listens() {
        StatementPlan only = only();
        return only != null && only.effect() instanceof StatementPlan.Listen listen && endsReady() ? listen : null;
    }

    private @Nullable PreparedStatement statement(ClientMessage message) throws SqlException {
        return switch (message) {
            case ClientMessage.Query query -> {
                names.forgetUnnamed();
                PreparedStatement statement = planned(caches.query(database, query.sql()), true);
                executed.addAll(statement.plan().statements());
                yield statement;
            }
            case ClientMessage.Parse parse -> {
                PreparedStatement statement = planned(
                        caches.statement(database, parse.sql(), parse.types()),
                        parse.name().isEmpty());
                names.parse(parse.name(), statement);
                for (StatementPlan plan : statement.plan().statements()) {
                    router.look(plan);
                }
                yield statement;
            }
            case ClientMessage.Bind bind -> {
                PreparedStatement statement = names.statement(bind.statement());
                names.bind(bind.portal(), statement);
                executed.addAll(statement.plan().statements());
                yield statement;
            }
            case ClientMessage.Describe describe ->
                describe.kind() == Frontend.STATEMENT ? look(names.statement(describe.name())) : null;
            case ClientMessage.Execute execute -> names.portal(execute.portal());
            case ClientMessage.Close close -> {
                if (close.kind() == Frontend.STATEMENT) {
                    names.close(close.name());
                }
                yield null;
            }
            case ClientMessage.FunctionCall _ -> {
                executed.add(FUNCTION_CALL);
                functionCalled = true;
                if (database.topology().sharded()) {
                    throw new SqlException(
                            SqlError.NOT_SUPPORTED,
                            "function call messages are not supported with more than one shard");
                }
                yield null;
            }
            default -> null;
        };
    }

    /** lo_open, lo_close, loread, lowrite, lo_lseek(64), lo_creat(e), lo_tell(64), lo_unlink, lo_truncate(64) (pg_proc.dat). */
    private static final Set<Integer> LARGE_OBJECTS =
            Set.of(952, 953, 954, 955, 956, 957, 958, 964, 715, 1004, 3170, 3171, 3172);

    private static final StatementPlan FUNCTION_CALL =
            new StatementPlan(StatementPlan.Kind.OTHER, false, StatementPlan.UNSHARDED, StatementPlan.NONE);

    private PreparedStatement look(PreparedStatement statement) throws SqlException {
        for (StatementPlan plan : statement.plan().statements()) {
            router.look(plan);
        }
        return statement;
    }

    private void route(List<ClientMessage> messages) throws SqlException {
        PreparedStatement only = executed.size() == 1 ? first() : null;
        if (only != null && only.plan().only() != null) {
            parting = Parting.of(executed.getFirst(), only, bind(messages), database.topology());
            if (parting != null) {
                return;
            }
        }
        for (int i = 0; i < messages.size(); i++) {
            PreparedStatement statement = steps.get(i).statement();
            if (statement == null) {
                continue;
            }
            Bound bound = messages.get(i) instanceof ClientMessage.Bind bind
                    ? new Bound(bind.body(), bind.tail(), statement.types())
                    : null;
            if (bound != null || messages.get(i) instanceof ClientMessage.Query) {
                for (StatementPlan plan : statement.plan().statements()) {
                    router.run(plan, bound);
                }
            }
        }
        if (functionCalled) {
            router.run(FUNCTION_CALL, null);
        }
    }

    private static ClientMessage.@Nullable Bind bind(List<ClientMessage> messages) {
        for (ClientMessage message : messages) {
            if (message instanceof ClientMessage.Bind bind) {
                return bind;
            }
        }
        return null;
    }

    /** What several shards have to do with the group's only statement, or null when one is enough. */
    public @Nullable Parting parting() {
        return parting;
    }

    /** Puts the refusal of a statement for several shards that is not alone into words. */
    public void refuseParting() throws SqlException {
        PreparedStatement statement = first();
        for (Step step : steps) {
            if (step.message() instanceof ClientMessage.Bind bind && statement != null) {
                router.run(executed.getFirst(), new Bound(bind.body(), bind.tail(), statement.types()));
                return;
            }
        }
        router.run(executed.getFirst(), null);
    }

    /**
     * Refuses what would leave a session on a replica, or ask a server session for a past that is not the client's.
     *
     * @param ownPast whether what the server session of a shard remembers can be this client's own
     */
    public void check(boolean onReplica, Predicate<String> ownPast, boolean settingsPending) throws SqlException {
        boolean wrote = false;
        for (StatementPlan plan : executed) {
            StatementPlan.Pin pin = plan.effect() instanceof StatementPlan.Pin found ? found : null;
            boolean ends = plan.kind() == StatementPlan.Kind.COMMIT || plan.kind() == StatementPlan.Kind.ROLLBACK;
            boolean unknown = settingsPending && plan.kind() == StatementPlan.Kind.ROLLBACK_TO;
            if (onReplica && (unknown || (pin != null && pin.keeps() && !ends))) {
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        (pin == null ? "ROLLBACK TO after SET" : pin.reason())
                                + " is not supported in a read-only transaction on a replica",
                        "Begin the transaction without READ ONLY."));
            }
            if (pin != null && pin.past() != null && !wrote && !ownPast.test(shard())) {
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        pin.past() + " is not supported outside the transaction that called nextval()",
                        "Use INSERT ... RETURNING, or one transaction for both."));
            }
            wrote |= !plan.readOnly();
        }
    }

    /** Has the rules look at every statement that is run; throws when one forbids it. */
    public void rule(RuleSet rules, Ruling ruling) throws SqlException {
        for (Step step : steps) {
            PreparedStatement statement = step.statement();
            boolean runs =
                    step.message() instanceof ClientMessage.Bind || step.message() instanceof ClientMessage.Query;
            if (runs && statement != null) {
                ruling.begin(statement.matching(rules), user);
            }
        }
    }

    /** What it does that only one server's session can know of, or null: then its transaction stays on one shard. */
    public @Nullable String staysFor() {
        for (StatementPlan plan : executed) {
            String stays = switch (plan.kind()) {
                case NEUTRAL, ROLLBACK_TO -> "a savepoint, cursor, SET LOCAL or SET TRANSACTION";
                case COMMIT, ROLLBACK -> "AND CHAIN, or the transaction's end in one message with others,";
                default ->
                    switch (plan.effect()) {
                        case StatementPlan.NoEffect _, StatementPlan.SqlExecute _, StatementPlan.Deallocate _ -> null;
                        case StatementPlan.Pin pin -> pin.past() == null ? pin.reason() : null;
                        case StatementPlan.SqlPrepare _ -> "PREPARE";
                        case StatementPlan.Listen _ -> "LISTEN";
                        default -> "a change of settings";
                    };
            };
            if (stays != null) {
                return stays;
            }
        }
        return null;
    }

    /** Whether nothing is bound or run: statements are parsed, described or closed. */
    public boolean looksOnly() {
        for (Step step : steps) {
            boolean looks = switch (step.message()) {
                case ClientMessage.Parse _, ClientMessage.Flush _ -> true;
                case ClientMessage.Describe describe -> describe.kind() == Frontend.STATEMENT;
                case ClientMessage.Close close -> close.kind() == Frontend.STATEMENT;
                default -> false;
            };
            if (!looks) {
                return false;
            }
        }
        return true;
    }

    public List<Step> steps() {
        return steps;
    }

    /** The first statement that is run, or null. */
    public @Nullable PreparedStatement first() {
        for (Step step : steps) {
            if (step.statement() != null
                    && (step.message() instanceof ClientMessage.Bind
                            || step.message() instanceof ClientMessage.Query)) {
                return step.statement();
            }
        }
        return null;
    }

    /** The causal key that a comment of what is run names, or null. */
    public @Nullable String key() {
        PreparedStatement statement = first();
        return statement == null ? null : statement.plan().key();
    }

    /** Whether a function is called by its number that may leave anything in the session: all but large objects'. */
    public boolean callsFunction() {
        return steps.size() == 1
                && steps.getFirst().message() instanceof ClientMessage.FunctionCall call
                && !LARGE_OBJECTS.contains(call.function());
    }

    public String shard() {
        return router.shard();
    }

    /** The parameter types of the statement that is bound. */
    public int[] boundTypes() {
        for (Step step : steps) {
            PreparedStatement statement = step.statement();
            if (step.message() instanceof ClientMessage.Bind && statement != null) {
                return statement.types();
            }
        }
        return new int[0];
    }

    public boolean readOnly() {
        return parting == null ? router.readOnly() : executed.getFirst().readOnly();
    }

    /** Whether a BEGIN is among several statements or messages: then the group opens the transaction itself. */
    public boolean begins() {
        for (StatementPlan plan : executed) {
            if (plan.kind() == StatementPlan.Kind.BEGIN) {
                return true;
            }
        }
        return false;
    }

    /** How the transaction that the group opens begins; null when it is not known. */
    public SqlPlan.@Nullable Begin begin() {
        return steps.stream()
                .map(Step::statement)
                .filter(statement -> statement != null && statement.plan().begin() != null)
                .map(statement -> statement == null ? null : statement.plan().begin())
                .findFirst()
                .orElse(null);
    }

    /** The only statement executed, or null. */
    @Nullable
    public StatementPlan only() {
        return executed.size() == 1 ? executed.getFirst() : null;
    }

    /** Whether no server needs to see any of it. */
    public boolean local() {
        for (Step step : steps) {
            boolean ours = switch (step.message()) {
                case ClientMessage.Sync _, ClientMessage.Flush _ -> true;
                case ClientMessage.Close close -> close.kind() == Frontend.STATEMENT;
                default -> false;
            };
            if (!ours) {
                return false;
            }
        }
        return true;
    }

    /** Whether the group ends so that ReadyForQuery is due. */
    public boolean endsReady() {
        return synced && endsReady(steps.getLast().message());
    }

    /** The client has been told of all that comes before the execution. */
    public void begun() {
        begun = true;
    }

    public boolean hasBegun() {
        return begun;
    }

    /** The client copies from here on: a server ignores the Sync that it has sent along (copyfromparse.c). */
    public void takesData() {
        synced = steps.getLast().message() instanceof ClientMessage.Query;
    }

    public static boolean endsReady(ClientMessage last) {
        return last instanceof ClientMessage.Sync
                || last instanceof ClientMessage.Query
                || last instanceof ClientMessage.FunctionCall;
    }
}
