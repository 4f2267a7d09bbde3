package io.plinth.kvcache.command.spec;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What COMMAND shows of a command or subcommand. Immutable.
 *
 * @param name lower case; of a subcommand {@code container|name}
 * @param since the version it came with
 * @param group as COMMAND DOCS names it
 * @param arity of a call, its name included; negative for "at least"
 * @param flags as COMMAND shows them
 * @param categories of ACL rules, with their {@code @}
 * @param tips for proxies and clients
 * @param keys where its keys stand
 * @param range first key, last key, step; as clients of old times read it
 * @param subcommands by their own names, in their order
 */
public record CommandFacts(
        String name,
        String since,
        String group,
        int arity,
        List<String> flags,
        List<String> categories,
        List<String> tips,
        List<KeySpec> keys,
        List<Integer> range,
        Map<String, CommandFacts> subcommands) {

    public CommandFacts {
        flags = List.copyOf(flags);
        categories = List.copyOf(categories);
        tips = List.copyOf(tips);
        keys = List.copyOf(keys);
        range = List.copyOf(range);
        subcommands = Collections.unmodifiableMap(new TreeMap<>(subcommands));
    }

    /** A command that Redis does not have. */
    public static CommandFacts own(String name, String group, int arity, List<String> flags, List<Integer> range) {
        List<KeySpec> keys = range.getFirst() == 0
                ? List.of()
                : List.of(new KeySpec(
                        List.of("RW", "access", "update"),
                        'i',
                        range.getFirst(),
                        "",
                        'r',
                        range.get(1) < 0 ? range.get(1) : range.get(1) - range.getFirst(),
                        range.get(2),
                        0,
                        null));
        List<String> categories =
                List.of(flags.contains("write") ? "@write" : "@read", flags.contains("fast") ? "@fast" : "@slow");
        return new CommandFacts(name, "7.2.0", group, arity, flags, categories, List.of(), keys, range, Map.of());
    }

    /** The same with subcommands. */
    CommandFacts with(Map<String, CommandFacts> named) {
        return new CommandFacts(name, since, group, arity, flags, categories, tips, keys, range, named);
    }

    /** A subcommand by its own lower-case name, or null. */
    public @Nullable CommandFacts subcommand(String own) {
        return subcommands.get(own);
    }

    /** Whether a flag is set. */
    public boolean is(String flag) {
        return flags.contains(flag);
    }

    /** Whether its keys stand elsewhere than {@link #range} says. */
    public boolean movable() {
        return keys.stream().anyMatch(spec -> !spec.fixed()) || keys.size() > 1;
    }

    /** Whether not all of its keys can be told from its arguments. */
    public boolean unknownKeys() {
        return keys.stream().anyMatch(KeySpec::unknown);
    }
}
