package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** COMMAND: what clients read to find the keys of a command. */
final class CommandCommand {
    private static final Map<Integer, String> FLAGS = new LinkedHashMap<>();
    private static final Map<Integer, String> CATEGORIES = new LinkedHashMap<>();

    static {
        FLAGS.put(Flag.WRITE, "write");
        FLAGS.put(Flag.READONLY, "readonly");
        FLAGS.put(Flag.DENYOOM, "denyoom");
        FLAGS.put(Flag.ADMIN, "admin");
        FLAGS.put(Flag.PUBSUB, "pubsub");
        FLAGS.put(Flag.NOSCRIPT, "noscript");
        FLAGS.put(Flag.LOADING, "loading");
        FLAGS.put(Flag.STALE, "stale");
        FLAGS.put(Flag.FAST, "fast");
        FLAGS.put(Flag.NO_AUTH, "no_auth");
        CATEGORIES.put(Flag.KEYSPACE, "@keyspace");
        CATEGORIES.put(Flag.READONLY, "@read");
        CATEGORIES.put(Flag.WRITE, "@write");
        CATEGORIES.put(Flag.STRING, "@string");
        CATEGORIES.put(Flag.HASH, "@hash");
        CATEGORIES.put(Flag.ADMIN, "@admin");
        CATEGORIES.put(Flag.PUBSUB, "@pubsub");
        CATEGORIES.put(Flag.TRANSACTION, "@transaction");
        CATEGORIES.put(Flag.CONNECTION, "@connection");
        CATEGORIES.put(Flag.DANGEROUS, "@dangerous");
    }

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
                describe(call.out(), command);
            }
        }
    }

    private static void describe(ReplyWriter out, Command command) {
        out.array(10);
        out.bulk(command.name());
        out.integer(command.arity());
        names(out, command, FLAGS, false);
        // Channels stand where keys would, but clients must not take them for keys.
        boolean keys = !command.is(Flag.CHANNELS);
        out.integer(keys ? command.firstKey() : 0);
        out.integer(keys ? command.lastKey() : 0);
        out.integer(keys ? command.keyStep() : 0);
        names(out, command, CATEGORIES, true);
        out.array(0);
        out.array(0);
        out.array(0);
    }

    private static void names(ReplyWriter out, Command command, Map<Integer, String> table, boolean speed) {
        List<String> names = new ArrayList<>();
        table.forEach((flag, name) -> {
            if (command.is(flag)) {
                names.add(name);
            }
        });
        if (speed) {
            names.add(command.is(Flag.FAST) ? "@fast" : "@slow");
        }
        out.set(names.size());
        names.forEach(out::simple);
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
            out.bulk("1.0.0");
            out.bulk("group");
            out.bulk(command.group());
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
                CATEGORIES.forEach((flag, name) -> {
                    if (name.equals(category) && command.is(flag)) {
                        names.add(command.name());
                    }
                });
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
        int count = call.count() - 2;
        if (command.firstKey() == 0 || command.is(Flag.CHANNELS)) {
            throw new CommandException("ERR The command has no key arguments");
        }
        if (!command.takes(count)) {
            throw new CommandException("ERR Invalid number of arguments specified for command");
        }
        List<Integer> keys = new ArrayList<>();
        for (int i = command.firstKey(); i < command.keysEnd(count); i += command.keyStep()) {
            keys.add(i + 2);
        }
        call.out().array(keys.size());
        keys.forEach(key -> call.out().bulk(call.bytes(key)));
    }
}
