package io.plinth.kvcache.script;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.ConnectionCommands;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.command.Permissions;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaError;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.NumberText;
import io.plinth.kvcache.lua.Values;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.OutputLimitException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by one thread: the {@code redis} table, through which a script calls commands. */
final class RedisTable {
    private static final Logger LOG = LoggerFactory.getLogger(RedisTable.class);
    private static final int KEPT_REPLY = 64 * 1024;
    private static final String NO_COMMAND = "ERR Please specify at least one argument for this redis lib call";

    private final NodeState node;
    private final CommandExecutor executor;
    private final Client client;
    private @Nullable ScriptRun run;
    private @Nullable Request request;
    private long now;
    private boolean oom;
    private int version = 2;

    RedisTable(NodeState node, CommandExecutor executor, Client client) {
        this.node = node;
        this.executor = executor;
        this.client = client;
    }

    void begin(ScriptRun running, Request asked, long nowMillis, boolean noRoom) {
        run = running;
        request = asked;
        now = nowMillis;
        oom = noRoom;
        version = 2;
        client.out().protocol(2);
        client.database(asked.db());
        client.principal(asked.caller());
    }

    int version() {
        return version;
    }

    /** The table itself; {@code loading} is how a library sees it while it is loaded. */
    LuaTable build(boolean loading) {
        LuaTable redis = new LuaTable();
        if (!loading) {
            Builtin.add(redis, "call", (in, args) -> call(in, args, true));
            Builtin.add(redis, "pcall", (in, args) -> call(in, args, false));
            Builtin.add(redis, "setresp", this::setResp);
            Builtin.add(redis, "acl_check_cmd", this::aclCheck);
            Builtin.add(redis, "replicate_commands", (in, args) -> true);
            Builtin.add(redis, "breakpoint", (in, args) -> false);
            Builtin.add(redis, "debug", (in, args) -> Values.NOTHING);
        }
        Builtin.add(redis, "log", RedisTable::log);
        Builtin.add(redis, "error_reply", (in, args) -> single(args, "err"));
        Builtin.add(redis, "status_reply", (in, args) -> single(args, "ok"));
        Builtin.add(redis, "sha1hex", (in, args) -> {
            if (args.count() != 1) {
                throw in.raise(error("ERR wrong number of arguments"));
            }
            byte[] bytes = args.text(1).getBytes(StandardCharsets.ISO_8859_1);
            return Scripts.sha(bytes, 0, bytes.length);
        });
        Builtin.add(redis, "set_repl", (in, args) -> {
            if (args.count() != 1) {
                throw in.raise(error("ERR redis.set_repl() requires one argument."));
            }
            long flags = (long) args.number(1);
            if ((flags & ~3) != 0) {
                throw in.raise(
                        error("ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."));
            }
            return Values.NOTHING;
        });
        constants(redis);
        return redis;
    }

    private static void constants(LuaTable redis) {
        redis.set("LOG_DEBUG", 0.0);
        redis.set("LOG_VERBOSE", 1.0);
        redis.set("LOG_NOTICE", 2.0);
        redis.set("LOG_WARNING", 3.0);
        redis.set("REPL_NONE", 0.0);
        redis.set("REPL_AOF", 1.0);
        redis.set("REPL_SLAVE", 2.0);
        redis.set("REPL_REPLICA", 2.0);
        redis.set("REPL_ALL", 3.0);
        redis.set("REDIS_VERSION", ConnectionCommands.REDIS_VERSION);
        redis.set("REDIS_VERSION_NUM", (double) 0x00070204);
    }

    static LuaTable error(String text) {
        LuaTable table = new LuaTable();
        table.set("err", text);
        return table;
    }

    private static LuaTable ignored(String text) {
        LuaTable table = error(text);
        table.set("ignore_error_stats_update", true);
        return table;
    }

    private static LuaTable single(Arguments args, String field) {
        if (args.count() != 1 || !(args.get(1) instanceof String text)) {
            return error("ERR wrong number or type of arguments");
        }
        LuaTable table = new LuaTable();
        table.set(field, field.equals("err") ? errorText(text) : text);
        return table;
    }

    /** {@code -CODE text} and {@code CODE text} keep their code, one word gets one. */
    private static String errorText(String given) {
        String text = given.startsWith("-") ? given.substring(1) : given;
        return text.indexOf(' ') < 0 ? "ERR " + text : text;
    }

    private static Object log(Interp in, Arguments args) {
        if (args.count() < 2) {
            throw in.raise(error("ERR redis.log() requires two arguments or more."));
        }
        if (!(args.get(1) instanceof Double number)) {
            throw in.raise(error("ERR First argument must be a number (log level)."));
        }
        int level = number.intValue();
        if (level < 0 || level > 3) {
            throw in.raise(error("ERR Invalid debug level."));
        }
        StringBuilder text = new StringBuilder();
        for (int i = 2; i <= args.count(); i++) {
            String part = Values.toText(args.get(i));
            if (part != null) {
                text.append(text.isEmpty() ? "" : " ").append(part);
            }
        }
        if (level >= 2) {
            LOG.info("script: {}", text);
        } else {
            LOG.debug("script: {}", text);
        }
        return Values.NOTHING;
    }

    private Object setResp(Interp in, Arguments args) {
        if (args.count() != 1) {
            throw in.raise(error("ERR redis.setresp() requires one argument."));
        }
        double wanted = args.number(1);
        if (wanted != 2 && wanted != 3) {
            throw in.raise(error("ERR RESP version must be 2 or 3."));
        }
        version = (int) wanted;
        client.out().protocol(version);
        return Values.NOTHING;
    }

    private Object aclCheck(Interp in, Arguments args) {
        Args command = arguments(in, args, true);
        Command found = command == null ? null : executor.table().find(command);
        if (command == null || found == null) {
            throw in.raise(error("ERR Invalid command passed to redis.acl_check_cmd()"));
        }
        return Permissions.allows(node, client.principal(), found, command);
    }

    /** The arguments as a command; null with a table of the error where {@code raise} is not set. */
    private @Nullable Args arguments(Interp in, Arguments args, boolean raise) {
        String problem = null;
        byte[][] words = new byte[args.count()][];
        for (int i = 0; i < words.length && problem == null; i++) {
            Object value = args.get(i + 1);
            if (value instanceof String text) {
                words[i] = text.getBytes(StandardCharsets.ISO_8859_1);
            } else if (value instanceof Double number) {
                words[i] = NumberText.general(number, 17, false).getBytes(StandardCharsets.ISO_8859_1);
            } else {
                problem = "ERR Lua redis lib command arguments must be strings or integers";
            }
        }
        if (words.length == 0) {
            problem = NO_COMMAND;
        }
        if (problem != null) {
            if (raise) {
                throw in.raise(ignored(problem));
            }
            return null;
        }
        return Args.of(words);
    }

    private @Nullable Object call(Interp in, Arguments given, boolean raise) {
        Args args = arguments(in, given, raise);
        Object reply;
        if (args == null) {
            reply = ignored(
                    given.count() == 0
                            ? NO_COMMAND
                            : "ERR Lua redis lib command arguments must be strings or integers");
        } else {
            in.step();
            reply = in.onBase(() -> invoke(in, args));
        }
        if (raise && reply instanceof LuaTable table && table.get("err") instanceof String) {
            throw in.raise(table);
        }
        return reply;
    }

    private @Nullable Object invoke(Interp in, Args args) {
        Command command = executor.table().find(args);
        String problem = refusal(command, args);
        ScriptRun running = run;
        if (problem != null || command == null || running == null) {
            return ignored(problem == null ? "ERR no script runs" : problem);
        }
        running.prepare(command, args);
        // It holds what it has looked at so far, so they were not exchanged since then.
        client.order(node.keyspace().databases().now());
        try {
            executor.runHeld(command, client, args, now);
            ByteBuf written = client.out().written();
            if (written == null || !written.isReadable()) {
                return null;
            }
            return Replies.read(in, written.duplicate());
        } catch (OutputLimitException e) {
            throw new LuaError("not enough memory", null, 0);
        } finally {
            forget();
        }
    }

    /** The run is over. */
    void end() {
        run = null;
        ByteBuf kept = client.out().take();
        if (kept != null) {
            kept.release();
        }
    }

    private void forget() {
        ByteBuf written = client.out().written();
        if (written != null && written.capacity() > KEPT_REPLY) {
            ByteBuf large = client.out().take();
            if (large != null) {
                large.release();
            }
        } else {
            client.out().rewind(0);
        }
    }

    private @Nullable String refusal(@Nullable Command command, Args args) {
        Request asked = request;
        if (command == null || asked == null) {
            return "ERR Unknown Redis command called from script";
        }
        if (!command.subcommands().isEmpty() && args.count() > 1) {
            Integer arity = command.subcommands().get(args.text(1).toLowerCase(Locale.ROOT));
            if (arity == null) {
                return "ERR Unknown Redis command called from script";
            }
            if (arity >= 0 ? args.count() != arity : args.count() < -arity) {
                return "ERR Wrong number of args calling Redis command from script";
            }
        }
        if (!command.takes(args.count())) {
            return "ERR Wrong number of args calling Redis command from script";
        }
        if (command.is(Flag.NOSCRIPT) || command.factsOf(args, 0).is("noscript")) {
            return "ERR This Redis command is not allowed from script";
        }
        String denied = Permissions.inScript(node, asked.caller(), command, args);
        if (denied != null) {
            return denied;
        }
        boolean write = command.is(Flag.WRITE) || command.factsOf(args, 0).is("write");
        if (asked.readOnly() && (write || command.name().endsWith("publish"))) {
            return "ERR Write commands are not allowed from read-only scripts.";
        }
        if (write && node.settings().readOnly()) {
            return NodeState.READONLY;
        }
        ScriptRun running = run;
        String refusal = write && (running == null || !running.dirty())
                ? node.keyspace().durability().refusal()
                : null;
        if (refusal != null) {
            return refusal;
        }
        if (oom && command.is(Flag.DENYOOM) && !asked.allowOom() && running != null && !running.dirty()) {
            return "OOM command not allowed when used memory > 'maxmemory'.";
        }
        if (command.name().startsWith("xread") && blocks(args)) {
            return "ERR " + command.name() + " command is not allowed with BLOCK option from scripts";
        }
        try {
            node.settings().cachePolicy().admit(command, client, args, true);
        } catch (CommandException e) {
            return e.getMessage();
        }
        return foreign(command, args);
    }

    private static boolean blocks(Args args) {
        for (int i = 1; i < args.count() && !args.is(i, "STREAMS"); i++) {
            if (args.is(i, "BLOCK")) {
                return true;
            }
        }
        return false;
    }

    private @Nullable String foreign(Command command, Args args) {
        var topology = node.topology().get();
        if (!topology.clustered()) {
            return null;
        }
        boolean[] foreign = new boolean[1];
        command.keys(
                args,
                0,
                (arg, access) ->
                        foreign[0] |= !topology.owns(Slots.of(args.buffer(), args.offset(arg), args.length(arg))));
        return foreign[0] ? "ERR Script attempted to access a non local key in a cluster node" : null;
    }
}
