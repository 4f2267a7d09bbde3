package io.plinth.kvcache.script;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.stats.SlowLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** EVAL, EVALSHA, FCALL with their read-only forms, and SCRIPT. */
public final class ScriptCommands {
    private static final int SHOWN_ARGS = 32;

    private final Scripts scripts;
    private final LongSupplier nanos;
    /** One for each loop. */
    private final Map<CommandExecutor, ScriptHost> hosts = new ConcurrentHashMap<>();

    private ScriptCommands(Scripts scripts, LongSupplier nanos) {
        this.scripts = scripts;
        this.nanos = nanos;
    }

    /** Adds them; {@code nanos} is a clock to measure runs with. */
    public static void register(CommandTable.Builder to, Scripts scripts, LongSupplier nanos) {
        ScriptCommands commands = new ScriptCommands(scripts, nanos);
        int flags = Flag.LOCKS_ITSELF | Flag.SCRIPT;
        to.add("eval", flags, "Runs a script.", call -> commands.eval(call, false));
        to.add("eval_ro", flags, "Runs a script that only reads.", call -> commands.eval(call, true));
        to.add("evalsha", flags, "Runs a loaded script.", call -> commands.evalSha(call, false));
        to.add("evalsha_ro", flags, "Runs a loaded script that only reads.", call -> commands.evalSha(call, true));
        to.add("fcall", flags, "Runs a function.", call -> commands.fcall(call, false));
        to.add("fcall_ro", flags, "Runs a function that only reads.", call -> commands.fcall(call, true));
        to.add("script", "Loads, shows and kills scripts.", commands::script);
        FunctionCommands functions = new FunctionCommands(scripts);
        to.add("function", "Loads, shows and kills functions.", call -> functions.run(call, commands.host(call)));
    }

    private ScriptHost host(Call call) {
        return hosts.computeIfAbsent(
                call.executor(), executor -> new ScriptHost(call.node(), executor.table(), scripts, nanos));
    }

    private void eval(Call call, boolean readOnly) {
        notDebugging(call);
        int keys = keys(call);
        Script script = scripts.eval(
                call.args().buffer(), call.args().offset(1), call.args().length(1));
        kept(call, script.declaredToWrite);
        run(
                call,
                request(
                        call,
                        script,
                        script.sha,
                        keys,
                        readOnly || script.flags.contains("no-writes"),
                        script.flags.contains("allow-oom")));
    }

    /** A session of Redis's debugger would begin here. */
    private static void notDebugging(Call call) {
        if (call.client().debugsScripts()) {
            throw new CommandException(
                    "ERR SCRIPT DEBUG: scripts cannot be debugged on this node (expected: SCRIPT DEBUG NO before"
                            + " EVAL)");
        }
    }

    private void evalSha(Call call, boolean readOnly) {
        notDebugging(call);
        Script script = scripts.find(call.text(1));
        if (script == null) {
            throw new CommandException("NOSCRIPT No matching script. Please use EVAL.");
        }
        kept(call, script.declaredToWrite);
        run(
                call,
                request(
                        call,
                        script,
                        script.sha,
                        keys(call),
                        readOnly || script.flags.contains("no-writes"),
                        script.flags.contains("allow-oom")));
    }

    private void fcall(Call call, boolean readOnly) {
        String name = call.text(1);
        Libraries.Declared function = scripts.libraries().function(name);
        if (function == null) {
            throw new CommandException("ERR Function not found");
        }
        long keys = call.integer(2, Integer.MIN_VALUE, Integer.MAX_VALUE, "Bad number of keys provided");
        if (keys > call.count() - 3) {
            throw new CommandException("ERR Number of keys can't be greater than number of args");
        }
        if (keys < 0) {
            throw new CommandException("ERR Number of keys can't be negative");
        }
        boolean reads = function.flags().contains("no-writes");
        if (readOnly && !reads) {
            throw new CommandException("ERR Can not execute a script with write flag using *_ro command.");
        }
        kept(call, !reads);
        boolean room = call.keyspace().turn().mine() || call.keyspace().makeRoom(0);
        boolean allowed = reads || function.flags().contains("allow-oom");
        if (!room && !allowed) {
            throw new CommandException("OOM command not allowed when used memory > 'maxmemory'.");
        }
        run(call, request(call, null, name, (int) keys, reads, allowed));
    }

    /** What says before it runs that it writes is refused then; a script that says nothing is refused its first write. */
    private static void kept(Call call, boolean writes) {
        String refusal = writes ? call.keyspace().durability().refusal() : null;
        if (refusal != null) {
            throw new CommandException(refusal);
        }
    }

    private static int keys(Call call) {
        long keys = call.integer(2);
        if (keys > call.count() - 3) {
            throw new CommandException("ERR Number of keys can't be greater than number of args");
        }
        if (keys < 0) {
            throw new CommandException("ERR Number of keys can't be negative");
        }
        return (int) keys;
    }

    private static Request request(
            Call call,
            @org.jspecify.annotations.Nullable Script script,
            String name,
            int keys,
            boolean readOnly,
            boolean allowOom) {
        List<byte[]> declared = new ArrayList<>(keys);
        List<byte[]> others = new ArrayList<>();
        for (int i = 3; i < call.count(); i++) {
            (i < 3 + keys ? declared : others).add(call.bytes(i));
        }
        List<String> line = new ArrayList<>();
        if (script == null) {
            for (int i = 0; i < Math.min(SHOWN_ARGS, call.count()); i++) {
                line.add(call.text(i));
            }
        }
        return new Request(
                script,
                name,
                declared,
                others,
                readOnly,
                allowOom,
                call.client().database(),
                line,
                call.client());
    }

    private void run(Call call, Request request) {
        // The handler's call is used again by commands of other clients while a long run goes on.
        var client = call.client();
        long now = call.now();
        var node = call.node();
        var table = call.executor().table();
        var command = call.command();
        var executor = call.executor();
        boolean movable = call.mayBlock();
        long start = nanos.getAsLong();
        try {
            host(call).run(request, now, call.out(), movable, false);
        } catch (ScriptRun.Again e) {
            Supplier<ScriptHost> fresh = () -> new ScriptHost(node, table, scripts, nanos);
            call.measureElsewhere();
            List<byte[]> shown = SlowLog.shown(command.name(), call.args());
            new ScriptLane(
                            client,
                            request,
                            now,
                            fresh,
                            failed -> executor.ended(command, client, shown, failed, nanos.getAsLong() - start))
                    .start();
        }
    }

    private void script(Call call) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "LOAD" -> call.out().bulk(scripts.load(call.bytes(2)));
            case "EXISTS" -> {
                call.out().array(call.count() - 2L);
                for (int i = 2; i < call.count(); i++) {
                    call.out().integer(scripts.find(call.text(i)) == null ? 0 : 1);
                }
            }
            case "FLUSH" -> {
                if (call.count() > 3
                        || (call.count() == 3
                                && !call.args().is(2, "SYNC")
                                && !call.args().is(2, "ASYNC"))) {
                    throw new CommandException("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
                }
                scripts.flush();
                call.out().ok();
            }
            case "KILL" -> {
                scripts.kill(false);
                call.out().ok();
            }
            case "SHOW" -> throw CommandException.subcommand(call.text(1), "SCRIPT");
            case "DEBUG" -> {
                if (!call.mayWait()) {
                    throw new CommandException("ERR SCRIPT DEBUG must be called outside a pipeline");
                }
                boolean on = call.args().is(2, "YES") || call.args().is(2, "SYNC");
                if (!on && !call.args().is(2, "NO")) {
                    throw new CommandException("ERR Use SCRIPT DEBUG YES/SYNC/NO");
                }
                call.client().debugsScripts(on);
                call.out().ok();
            }
            default -> Help.write(call);
        }
    }
}
