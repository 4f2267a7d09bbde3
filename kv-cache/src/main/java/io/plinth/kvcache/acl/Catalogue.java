package io.plinth.kvcache.acl;

import io.plinth.kvcache.command.spec.CommandFacts;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Immutable: all commands and subcommands by name, for rules that name them or their categories. */
public final class Catalogue {
    /** In Redis's order. */
    public static final List<String> CATEGORIES = List.of(
            "keyspace",
            "read",
            "write",
            "set",
            "sortedset",
            "list",
            "hash",
            "string",
            "bitmap",
            "hyperloglog",
            "geo",
            "stream",
            "pubsub",
            "admin",
            "fast",
            "slow",
            "blocking",
            "dangerous",
            "connection",
            "transaction",
            "scripting");

    private final Map<String, CommandFacts> byName = new LinkedHashMap<>();

    public Catalogue(Collection<CommandFacts> commands) {
        for (CommandFacts command : commands) {
            byName.put(command.name(), command);
            command.subcommands().values().forEach(sub -> byName.put(sub.name(), sub));
        }
    }

    @Nullable
    CommandFacts find(String name) {
        return byName.get(name);
    }

    Collection<CommandFacts> all() {
        return byName.values();
    }

    /** The commands of a category; of a container its subcommands, as in Redis. */
    public List<String> in(String category) {
        List<String> names = new ArrayList<>();
        for (CommandFacts facts : byName.values()) {
            if (facts.subcommands().isEmpty() && facts.categories().contains("@" + category)) {
                names.add(facts.name());
            }
        }
        return names;
    }
}
