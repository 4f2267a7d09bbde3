package io.plinth.kvcache.script;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbReader;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** FUNCTION. */
final class FunctionCommands {
    private static final int MAX_CODE = 4 << 20;

    private final Scripts scripts;

    FunctionCommands(Scripts scripts) {
        this.scripts = scripts;
    }

    void run(Call call, ScriptHost host) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "LOAD" -> load(call, host);
            case "DELETE" -> {
                scripts.libraries().delete(call.text(2));
                call.out().ok();
            }
            case "FLUSH" -> {
                if (call.count() > 3
                        || (call.count() == 3
                                && !call.args().is(2, "SYNC")
                                && !call.args().is(2, "ASYNC"))) {
                    throw new CommandException("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
                }
                scripts.libraries().flush();
                call.out().ok();
            }
            case "LIST" -> list(call);
            case "STATS" -> stats(call.out());
            case "KILL" -> {
                scripts.kill(true);
                call.out().ok();
            }
            case "DUMP" ->
                call.out().bulk(RdbWriter.functions(scripts.libraries().sources()));
            case "RESTORE" -> restore(call, host);
            default -> Help.write(call);
        }
    }

    private void load(Call call, ScriptHost host) {
        boolean replace = false;
        for (int i = 2; i < call.count() - 1; i++) {
            if (!call.args().is(i, "REPLACE")) {
                throw new CommandException("ERR Unknown option given: " + Replies.line(call.text(i)));
            }
            replace = true;
        }
        Libraries.Library library = parse(call.text(call.count() - 1), host, replace);
        scripts.libraries().add(library, replace);
        call.out().bulk(library.name());
    }

    private Libraries.Library parse(String code, ScriptHost host, boolean replace) {
        if (code.length() > MAX_CODE) {
            throw new CommandException("ERR library: " + code.length() + " bytes (expected: at most " + MAX_CODE + ")");
        }
        Libraries.Library library =
                Libraries.parse(code, name -> scripts.libraries().checkNew(name, replace));
        return library.with(host.tryLibrary(library));
    }

    private void list(Call call) {
        boolean code = false;
        Glob pattern = null;
        for (int i = 2; i < call.count(); i++) {
            if (!code && call.args().is(i, "WITHCODE")) {
                code = true;
            } else if (pattern == null && call.args().is(i, "LIBRARYNAME")) {
                if (i + 1 >= call.count()) {
                    throw new CommandException("ERR library name argument was not given");
                }
                pattern = new Glob(call.bytes(++i));
            } else {
                throw new CommandException("ERR Unknown argument " + Replies.line(call.text(i)));
            }
        }
        List<Libraries.Library> shown = new ArrayList<>();
        for (Libraries.Library library : scripts.libraries().all()) {
            if (pattern == null || pattern.matches(library.name().getBytes(StandardCharsets.ISO_8859_1))) {
                shown.add(library);
            }
        }
        ReplyWriter out = call.out();
        out.array(shown.size());
        for (Libraries.Library library : shown) {
            out.map(code ? 4 : 3);
            out.bulk("library_name");
            out.bulk(library.name());
            out.bulk("engine");
            out.bulk("LUA");
            out.bulk("functions");
            out.array(library.functions().size());
            library.functions().forEach(function -> describe(out, function));
            if (code) {
                out.bulk("library_code");
                out.bulk(library.code());
            }
        }
    }

    private static void describe(ReplyWriter out, Libraries.Declared function) {
        out.map(3);
        out.bulk("name");
        out.bulk(function.name());
        out.bulk("description");
        String description = function.description();
        if (description == null) {
            out.nullBulk();
        } else {
            out.bulk(description);
        }
        out.bulk("flags");
        out.set(function.flags().size());
        function.flags().forEach(out::simple);
    }

    private void stats(ReplyWriter out) {
        out.map(2);
        out.bulk("running_script");
        ScriptRun run = scripts.running();
        if (run == null || !run.function()) {
            out.nullBulk();
        } else {
            out.map(3);
            out.bulk("name");
            out.bulk(run.name());
            out.bulk("command");
            out.array(run.commandLine().size());
            run.commandLine().forEach(out::bulk);
            out.bulk("duration_ms");
            out.integer(run.millis());
        }
        out.bulk("engines");
        out.map(1);
        out.bulk("LUA");
        out.map(2);
        out.bulk("libraries_count");
        out.integer(scripts.libraries().all().size());
        out.bulk("functions_count");
        out.integer(scripts.libraries().functions());
    }

    private void restore(Call call, ScriptHost host) {
        byte[] payload = call.bytes(2);
        boolean flush = false;
        boolean replace = false;
        if (call.count() > 4) {
            throw CommandException.arity("function|restore");
        }
        if (call.count() == 4) {
            flush = call.args().is(3, "FLUSH");
            replace = call.args().is(3, "REPLACE");
            if (!flush && !replace && !call.args().is(3, "APPEND")) {
                throw new CommandException(
                        "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
            }
        }
        if (!RdbReader.intact(payload)) {
            throw new CommandException("ERR DUMP payload version or checksum are wrong");
        }
        List<Libraries.Library> parsed = new ArrayList<>();
        for (byte[] source : sources(call, payload)) {
            parsed.add(parse(new String(source, StandardCharsets.ISO_8859_1), host, true));
        }
        scripts.libraries().restore(parsed, flush, replace);
        call.out().ok();
    }

    private static List<byte[]> sources(Call call, byte[] payload) {
        try {
            return RdbReader.functions(
                    payload, call.keyspace().hasher(), call.keyspace().packing());
        } catch (RdbException e) {
            throw new CommandException("ERR " + e.getMessage());
        }
    }
}
