package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.spec.KeySpec;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** COMMAND: what clients read to find the keys of a command. */
final class CommandCommand {
    private CommandCommand() {}

    static void run(Call call) {
        CommandTable table = call.executor().table();
        if (call.count() == 1) {
            describe(call, table.all());
            return;
        }
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "COUNT" -> call.out().integer(table.all().size());
            case "INFO" -> describe(call, call.count() == 2 ? table.all() : named(call, table));
            case "DOCS" -> docs(call, table);
            case "LIST" -> list(call, table);
            case "GETKEYS" -> keys(call, table);
            case "HELP" ->
                Help.write(
                        call,
                        "COMMAND",
                        "(no subcommand)",
                        "COUNT",
                        "DOCS [<command-name> ...]",
                        "GETKEYS <full-command>",
                        "INFO [<command-name> ...]",
                        "LIST [FILTERBY (ACLCAT <category>|PATTERN <pattern>)]");
            default -> throw CommandException.subcommand(call.text(1), "COMMAND");
        }
    }

    private static List<@Nullable Command> named(Call call, CommandTable table) {
        List<@Nullable Command> commands = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            commands.add(table.find(call.text(i)));
        }
        return commands;
    }

    private static void describe(Call call, Collection<? extends @Nullable Command> commands) {
        call.out().array(commands.size());
        for (Command command : commands) {
            if (command == null) {
                call.out().nullArray();
            } else {
                describe(call.out(), command.facts());
            }
        }
    }

    private static void describe(ReplyWriter out, CommandFacts facts) {
        out.array(10);
        out.bulk(facts.name());
        out.integer(facts.arity());
        names(out, facts.flags());
        facts.range().forEach(out::integer);
        names(out, facts.categories());
        out.set(facts.tips().size());
        facts.tips().forEach(out::bulk);
        out.set(facts.keys().size());
        facts.keys().forEach(spec -> describe(out, spec));
        out.array(facts.subcommands().size());
        facts.subcommands().values().forEach(sub -> describe(out, sub));
    }

    private static void names(ReplyWriter out, List<String> names) {
        out.set(names.size());
        names.forEach(out::simple);
    }

    private static void describe(ReplyWriter out, KeySpec spec) {
        out.map(3);
        out.bulk("flags");
        names(out, spec.flags());
        out.bulk("begin_search");
        out.map(2);
        out.bulk("type");
        out.bulk(spec.begin() == 'i' ? "index" : spec.begin() == 'k' ? "keyword" : "unknown");
        out.bulk("spec");
        switch (spec.begin()) {
            case 'i' -> numbers(out, "index", spec.index());
            case 'k' -> {
                out.map(2);
                out.bulk("keyword");
                out.bulk(spec.keyword());
                out.bulk("startfrom");
                out.integer(spec.index());
            }
            default -> out.map(0);
        }
        out.bulk("find_keys");
        out.map(2);
        out.bulk("type");
        out.bulk(spec.find() == 'r' ? "range" : spec.find() == 'n' ? "keynum" : "unknown");
        out.bulk("spec");
        switch (spec.find()) {
            case 'r' -> numbers(out, "lastkey,keystep,limit", spec.a(), spec.b(), spec.c());
            case 'n' -> numbers(out, "keynumidx,firstkey,keystep", spec.a(), spec.b(), spec.c());
            default -> out.map(0);
        }
    }

    private static void numbers(ReplyWriter out, String names, int... values) {
        String[] each = names.split(",", -1);
        out.map(each.length);
        for (int i = 0; i < each.length; i++) {
            out.bulk(each[i]);
            out.integer(values[i]);
        }
    }

    private static void docs(Call call, CommandTable table) {
        List<Command> commands = new ArrayList<>();
        if (call.count() == 2) {
            commands.addAll(table.all());
        } else {
            for (Command command : named(call, table)) {
                if (command != null) {
                    commands.add(command);
                }
            }
        }
        ReplyWriter out = call.out();
        out.map(commands.size());
        for (Command command : commands) {
            out.bulk(command.name());
            out.map(3);
            out.bulk("summary");
            out.bulk(command.summary());
            out.bulk("since");
            out.bulk(command.facts().since());
            out.bulk("group");
            out.bulk(command.facts().group());
        }
    }

    private static void list(Call call, CommandTable table) {
        List<String> names = new ArrayList<>();
        if (call.count() == 2) {
            table.all().forEach(command -> names.add(command.name()));
        } else if (call.count() == 5
                && call.args().is(2, "FILTERBY")
                && call.args().is(3, "PATTERN")) {
            Glob glob = new Glob(call.bytes(4));
            for (Command command : table.all()) {
                if (glob.matches(command.name().getBytes(StandardCharsets.ISO_8859_1))) {
                    names.add(command.name());
                }
            }
        } else if (call.count() == 5
                && call.args().is(2, "FILTERBY")
                && call.args().is(3, "ACLCAT")) {
            String category = "@" + call.text(4).toLowerCase(Locale.ROOT);
            for (Command command : table.all()) {
                if (command.facts().categories().contains(category)) {
                    names.add(command.name());
                }
            }
        } else {
            throw CommandException.syntax();
        }
        call.out().array(names.size());
        names.forEach(call.out()::bulk);
    }

    private static void keys(Call call, CommandTable table) {
        Command command = table.find(call.text(2));
        if (command == null) {
            throw new CommandException("ERR Invalid command specified");
        }
        if (command.factsOf(call.args(), 2).keys().isEmpty() || command.is(Flag.CHANNELS)) {
            throw new CommandException("ERR The command has no key arguments");
        }
        if (!command.takes(call.count() - 2)) {
            throw new CommandException("ERR Invalid number of arguments specified for command");
        }
        List<Integer> keys = new ArrayList<>();
        command.keys(call.args(), 2, (arg, access) -> keys.add(arg));
        if (keys.isEmpty()) {
            throw new CommandException("ERR Invalid arguments specified for command");
        }
        call.out().array(keys.size());
        keys.forEach(key -> call.out().bulk(call.bytes(key)));
    }
}
