package io.plinth.kvcache.acl;

import io.plinth.kvcache.acl.Selector.KeyPattern;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.spec.KeySpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A selector while its rules are read one after the other. Used by one thread. */
final class SelectorBuilder {
    private static final String KNOWN = "Unknown command or category name in ACL";

    private final Catalogue catalogue;
    private boolean everything;
    private boolean base;
    private final List<String> rules;
    private final Set<String> commands;
    private final Map<String, Set<String>> firstArguments = new HashMap<>();
    private final List<KeyPattern> keys;
    private boolean allKeys;
    private final List<String> channels;
    private boolean allChannels;

    SelectorBuilder(Catalogue catalogue, Selector from) {
        this.catalogue = catalogue;
        everything = from.everything();
        base = from.base();
        rules = new ArrayList<>(from.rules());
        commands = new HashSet<>(from.commands());
        from.firstArguments().forEach((name, first) -> firstArguments.put(name, new HashSet<>(first)));
        keys = new ArrayList<>(from.keys());
        allKeys = from.allKeys();
        channels = new ArrayList<>(from.channels());
        allChannels = from.allChannels();
    }

    Selector build() {
        return new Selector(everything, base, rules, commands, firstArguments, keys, allKeys, channels, allChannels);
    }

    /** Applies a rule. */
    void apply(String rule) {
        switch (rule.toLowerCase(Locale.ROOT)) {
            case "allkeys", "~*" -> {
                allKeys = true;
                keys.clear();
            }
            case "resetkeys" -> {
                allKeys = false;
                keys.clear();
            }
            case "allchannels", "&*" -> {
                allChannels = true;
                channels.clear();
            }
            case "resetchannels" -> {
                allChannels = false;
                channels.clear();
            }
            case "allcommands", "+@all" -> all(true);
            case "nocommands", "-@all" -> all(false);
            default -> pattern(rule);
        }
    }

    private void all(boolean allowed) {
        everything = allowed;
        base = allowed;
        rules.clear();
        commands.clear();
        firstArguments.clear();
        if (allowed) {
            catalogue.all().forEach(facts -> commands.add(facts.name()));
        }
    }

    private void pattern(String rule) {
        if (rule.startsWith("~") || rule.startsWith("%")) {
            key(rule);
        } else if (rule.startsWith("&")) {
            if (allChannels) {
                throw new AclException(
                        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does"
                                + " not have any effect. Try 'resetchannels' to start with an empty list of channels");
            }
            String channel = plain(rule.substring(1));
            if (!channels.contains(channel)) {
                channels.add(channel);
            }
        } else if (rule.startsWith("+@") || rule.startsWith("-@")) {
            category(rule);
        } else if (rule.length() > 1 && rule.startsWith("+")) {
            allow(rule.substring(1).toLowerCase(Locale.ROOT));
        } else if (rule.length() > 1 && rule.startsWith("-")) {
            String name = rule.substring(1).toLowerCase(Locale.ROOT);
            everything = false;
            each(known(name), false);
            remember(name, '-');
        } else {
            throw new AclException("Syntax error");
        }
    }

    private static String plain(String pattern) {
        if (pattern.chars().anyMatch(c -> c == 0 || Character.isWhitespace(c))) {
            throw new AclException("Syntax error");
        }
        return pattern;
    }

    private void key(String rule) {
        if (allKeys) {
            throw new AclException(
                    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have"
                            + " any effect. Try 'resetkeys' to start with an empty list of patterns");
        }
        int tilde = rule.indexOf('~');
        int access = tilde == 0 ? KeySpec.READ | KeySpec.WRITE : 0;
        for (int i = 1; i < tilde; i++) {
            int bit = switch (rule.charAt(i)) {
                case 'R', 'r' -> KeySpec.READ;
                case 'W', 'w' -> KeySpec.WRITE;
                default -> 0;
            };
            if (bit == 0 || (access & bit) != 0) {
                throw new AclException("Syntax error");
            }
            access |= bit;
        }
        if (tilde < 0 || access == 0) {
            throw new AclException("Syntax error");
        }
        String pattern = plain(rule.substring(tilde + 1));
        if (pattern.equals("*") && access == (KeySpec.READ | KeySpec.WRITE)) {
            apply("allkeys");
            return;
        }
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).pattern().equals(pattern)) {
                keys.set(i, KeyPattern.of(pattern, keys.get(i).access() | access));
                return;
            }
        }
        keys.add(KeyPattern.of(pattern, access));
    }

    private void category(String rule) {
        boolean allowed = rule.startsWith("+");
        String category = rule.substring(2).toLowerCase(Locale.ROOT);
        if (!Catalogue.CATEGORIES.contains(category)) {
            throw new AclException(KNOWN);
        }
        everything &= allowed;
        for (CommandFacts facts : catalogue.all()) {
            if (facts.categories().contains("@" + category)) {
                put(facts, allowed);
            }
        }
        remember("@" + category, allowed ? '+' : '-');
    }

    private CommandFacts known(String name) {
        CommandFacts facts = catalogue.find(name);
        if (facts == null) {
            throw new AclException(KNOWN);
        }
        return facts;
    }

    private void each(CommandFacts facts, boolean allowed) {
        put(facts, allowed);
        facts.subcommands().values().forEach(sub -> put(sub, allowed));
    }

    private void put(CommandFacts facts, boolean allowed) {
        if (allowed) {
            commands.add(facts.name());
        } else {
            commands.remove(facts.name());
        }
        firstArguments.remove(facts.name());
    }

    private void allow(String name) {
        int bar = name.indexOf('|');
        if (bar < 0 || catalogue.find(name) != null) {
            each(known(name), true);
        } else {
            CommandFacts container = known(name.substring(0, bar));
            String first = name.substring(bar + 1);
            if (first.contains("|")) {
                throw new AclException("Allowing first-arg of a subcommand is not supported");
            }
            if (first.isEmpty()) {
                throw new AclException("Syntax error");
            }
            if (!container.subcommands().isEmpty()) {
                throw new AclException(KNOWN);
            }
            if (!commands.contains(container.name())) {
                firstArguments
                        .computeIfAbsent(container.name(), key -> new HashSet<>())
                        .add(first);
            }
        }
        remember(name, '+');
    }

    /** A rule takes the place of an earlier one on the same, or on its subcommands. */
    private void remember(String name, char sign) {
        rules.removeIf(rule -> rule.substring(1).equals(name) || rule.startsWith(name + "|", 1));
        rules.add(sign + name);
    }
}
