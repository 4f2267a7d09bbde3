package io.plinth.kvcache.admin.commands;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.spec.KeySpec;
import io.plinth.kvcache.command.spec.VariableFlags;
import io.plinth.kvcache.wire.Args;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** COMMAND GETKEYS and GETKEYSANDFLAGS. */
final class CommandKeys {
    /** Where the call stands that is asked about. */
    private static final int SHIFT = 2;

    private CommandKeys() {}

    /** A key's place and what is done to it. */
    private record Place(int arg, List<String> flags) {}

    static void write(Call call, boolean withFlags) {
        CommandFacts facts = facts(call);
        if (facts == null) {
            throw new CommandException("ERR Invalid command specified");
        }
        if (facts.keys().isEmpty() || facts.keys().stream().allMatch(KeySpec::notKey)) {
            throw new CommandException("ERR The command has no key arguments");
        }
        if (!Command.fits(facts.arity(), call.count() - SHIFT)) {
            throw new CommandException("ERR Invalid number of arguments specified for command");
        }
        List<Place> places = places(facts, call.args());
        if (places.isEmpty() && !facts.is("no_mandatory_keys")) {
            throw new CommandException("ERR Invalid arguments specified for command");
        }
        call.out().array(places.size());
        for (Place place : places) {
            if (withFlags) {
                call.out().array(2);
            }
            call.out().bulk(call.bytes(place.arg));
            if (withFlags) {
                call.out().set(place.flags.size());
                place.flags.forEach(call.out()::simple);
            }
        }
    }

    private static @Nullable CommandFacts facts(Call call) {
        Command command = call.executor().table().find(call.text(SHIFT));
        if (command == null || command.facts().subcommands().isEmpty() || call.count() == SHIFT + 1) {
            return command == null ? null : command.facts();
        }
        return call.executor().table().facts(command.name() + "|" + call.text(SHIFT + 1));
    }

    private static List<Place> places(CommandFacts facts, Args args) {
        if (facts.name().equals("migrate")) {
            return sent(args, flags(facts.keys().getFirst()));
        }
        List<Place> places = new ArrayList<>();
        for (KeySpec spec : facts.keys()) {
            if (spec.notKey()) {
                continue;
            }
            List<String> flags = spec.variable() ? VariableFlags.of(facts.name(), args, SHIFT) : flags(spec);
            if (!spec.visit(args, SHIFT, (arg, access) -> places.add(new Place(arg, flags)))) {
                return List.of();
            }
        }
        return places;
    }

    /** What is said of the spec itself is not said of the key. */
    private static List<String> flags(KeySpec spec) {
        return spec.flags().stream().filter(flag -> !flag.equals("incomplete")).toList();
    }

    /** MIGRATE: one key, or an empty one and those behind KEYS. */
    private static List<Place> sent(Args args, List<String> flags) {
        boolean one = args.length(SHIFT + 3) > 0;
        List<Place> places = new ArrayList<>();
        for (int i = SHIFT + 6; i < args.count() && places.isEmpty(); i++) {
            if (args.is(i, "KEYS")) {
                if (one) {
                    return List.of();
                }
                for (int key = i + 1; key < args.count(); key++) {
                    places.add(new Place(key, flags));
                }
            }
        }
        return places.isEmpty() ? List.of(new Place(SHIFT + 3, flags)) : places;
    }
}
