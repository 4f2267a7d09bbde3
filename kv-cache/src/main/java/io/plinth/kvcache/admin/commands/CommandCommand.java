package io.plinth.kvcache.admin.commands;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command;
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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** COMMAND: what clients read to find the keys of a command. */
public final class CommandCommand {
    private CommandCommand() {}

    /** The command. */
    public static void run(Call call) {
        CommandTable table = call.executor().table();
        if (call.count() == 1) {
            describe(call, all(table));
            return;
        }
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "COUNT" -> call.out().integer(table.all().size());
            case "INFO" -> describe(call, call.count() == 2 ? all(table) : named(call, table));
            case "DOCS" -> docs(call, table);
            case "LIST" -> list(call, table);
            case "GETKEYS" -> CommandKeys.write(call, false);
            case "GETKEYSANDFLAGS" -> CommandKeys.write(call, true);
            case "HELP" -> Help.write(call);
            default -> throw CommandException.subcommand(call.text(1), "COMMAND");
        }
    }

    private static List<CommandFacts> all(CommandTable table) {
        return table.all().stream().map(Command::facts).toList();
    }

    private static List<@Nullable CommandFacts> named(Call call, CommandTable table) {
        List<@Nullable CommandFacts> commands = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            commands.add(table.facts(call.text(i)));
        }
        return commands;
    }

    private static void describe(Call call, Collection<? extends @Nullable CommandFacts> commands) {
        call.out().array(commands.size());
        for (CommandFacts facts : commands) {
            if (facts == null) {
                call.out().nullBulk();
            } else {
                describe(call.out(), facts);
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
        if (facts.subcommands().isEmpty()) {
            out.set(0);
        } else {
            out.array(facts.subcommands().size());
            facts.subcommands().values().forEach(sub -> describe(out, sub));
        }
    }

    private static void names(ReplyWriter out, List<String> names) {
        out.set(names.size());
        names.forEach(out::simple);
    }

    private static void describe(ReplyWriter out, KeySpec spec) {
        String notes = spec.notes();
        out.map(notes == null ? 3 : 4);
        if (notes != null) {
            out.bulk("notes");
            out.bulk(notes);
        }
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
        List<CommandFacts> commands = new ArrayList<>();
        for (CommandFacts facts : call.count() == 2 ? all(table) : named(call, table)) {
            if (facts != null) {
                commands.add(facts);
            }
        }
        call.out().map(commands.size());
        for (CommandFacts facts : commands) {
            call.out().bulk(facts.name());
            Command command = table.find(facts.name());
            table.docs().write(call.out(), facts, command == null ? "" : command.summary());
        }
    }

    private static void list(Call call, CommandTable table) {
        boolean filtered = call.count() == 5 && call.args().is(2, "FILTERBY");
        Predicate<CommandFacts> shown;
        if (call.count() == 2) {
            shown = facts -> true;
        } else if (filtered && call.args().is(3, "PATTERN")) {
            Glob glob = new Glob(call.text(4).toLowerCase(Locale.ROOT).getBytes(StandardCharsets.ISO_8859_1));
            shown = facts -> glob.matches(facts.name().getBytes(StandardCharsets.ISO_8859_1));
        } else if (filtered && call.args().is(3, "ACLCAT")) {
            String category = "@" + call.text(4).toLowerCase(Locale.ROOT);
            shown = facts -> facts.categories().contains(category);
        } else if (filtered && call.args().is(3, "MODULE")) {
            shown = facts -> false;
        } else {
            throw CommandException.syntax();
        }
        List<String> names = new ArrayList<>();
        for (CommandFacts facts : all(table)) {
            add(facts, shown, names);
            facts.subcommands().values().forEach(sub -> add(sub, shown, names));
        }
        call.out().array(names.size());
        names.forEach(call.out()::bulk);
    }

    private static void add(CommandFacts facts, Predicate<CommandFacts> shown, List<String> names) {
        if (shown.test(facts)) {
            names.add(facts.name());
        }
    }
}
