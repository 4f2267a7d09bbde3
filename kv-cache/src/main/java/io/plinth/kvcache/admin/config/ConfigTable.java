package io.plinth.kvcache.admin.config;

import io.plinth.kvcache.admin.NodeFacts;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.script.ScriptLimits;
import io.plinth.kvcache.script.Scripts;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/** CONFIG: what this node is set to, by Redis's names; what is changed is so until the next start. */
public final class ConfigTable {
    private final Map<String, Setting> settings;

    public ConfigTable(Supplier<NodeFacts> facts) {
        this(facts, "off", new Scripts(ScriptLimits.DEFAULT), Map.of());
    }

    /** {@code journal} is off, everysec or always; {@code more}: what else the file says, by Redis's names. */
    public ConfigTable(Supplier<NodeFacts> facts, String journal, Scripts scripts, Map<String, String> more) {
        settings = KnownSettings.with(OwnSettings.of(facts, journal, scripts, more));
    }

    /** The command. */
    public void run(Call call) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "GET" -> get(call);
            case "SET" -> set(call);
            case "RESETSTAT" -> {
                call.node().stats().reset();
                call.keyspace().resetStats();
                call.node().clients().resetCounts();
                call.out().ok();
            }
            case "REWRITE" -> throw new CommandException("ERR The server is running without a config file");
            case "HELP" -> Help.write(call);
            default -> throw CommandException.subcommand(call.text(1), "CONFIG");
        }
    }

    /** What a name of CONFIG shows. */
    public String shown(String name, NodeState node) {
        return Objects.requireNonNull(settings.get(name), name).shown(node);
    }

    private void get(Call call) {
        Map<String, String> found = new LinkedHashMap<>();
        for (int i = 2; i < call.count(); i++) {
            String pattern = call.text(i).toLowerCase(Locale.ROOT);
            Glob glob = new Glob(pattern.getBytes(StandardCharsets.ISO_8859_1));
            settings.forEach((name, setting) -> {
                if (glob.matches(name.getBytes(StandardCharsets.ISO_8859_1))) {
                    found.put(name, setting.shown(call.node()));
                }
            });
        }
        call.out().map(found.size());
        found.forEach((name, value) -> {
            call.out().bulk(name);
            call.out().bulk(value);
        });
    }

    /** All of them or none. */
    private void set(Call call) {
        if (call.count() % 2 == 1) {
            throw CommandException.arity("config|set");
        }
        List<String> names = names(call);
        List<Runnable> undo = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            Setting setting = Objects.requireNonNull(settings.get(name), name);
            undo.add(setting.undo(call.node()));
            String problem = setting.change(call.node(), call.text(2 * i + 3));
            if (problem != null) {
                undo.reversed().forEach(Runnable::run);
                throw failed(name, problem);
            }
        }
        call.out().ok();
    }

    private List<String> names(Call call) {
        List<String> names = new ArrayList<>();
        for (int i = 2; i < call.count(); i += 2) {
            String name = call.text(i).toLowerCase(Locale.ROOT);
            if (!settings.containsKey(name)) {
                throw new CommandException("ERR Unknown option or number of arguments for CONFIG SET - '"
                        + call.text(i).replace('\r', ' ').replace('\n', ' ') + "'");
            }
            if (names.contains(name)) {
                throw failed(name, "duplicate parameter");
            }
            names.add(name);
        }
        return names;
    }

    private static CommandException failed(String name, String problem) {
        return new CommandException("ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + problem);
    }
}
