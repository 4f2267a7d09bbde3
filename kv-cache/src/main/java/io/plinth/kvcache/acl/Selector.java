package io.plinth.kvcache.acl;

import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.spec.KeySpec;
import io.plinth.kvcache.command.spec.VariableFlags;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Immutable: one set of permissions; a command is allowed where one selector of its user allows all of it.
 *
 * @param everything whether every command is allowed, later ones too
 * @param base whether the rules start from all commands
 * @param rules on commands, in the order given, without what a later one replaced
 * @param commands allowed, by full name
 * @param firstArguments of commands that are allowed with these only
 * @param keys patterns; empty for none
 * @param allKeys whether every key may be read and written
 * @param channels patterns
 * @param allChannels whether every channel is allowed
 */
record Selector(
        boolean everything,
        boolean base,
        List<String> rules,
        Set<String> commands,
        Map<String, Set<String>> firstArguments,
        List<KeyPattern> keys,
        boolean allKeys,
        List<String> channels,
        boolean allChannels) {

    static final Selector NOTHING =
            new Selector(false, false, List.of(), Set.of(), Map.of(), List.of(), false, List.of(), false);
    static final Selector ALL =
            new Selector(true, true, List.of(), Set.of(), Map.of(), List.of(), true, List.of(), true);

    Selector {
        rules = List.copyOf(rules);
        commands = Collections.unmodifiableSet(commands);
        firstArguments = Collections.unmodifiableMap(firstArguments);
        keys = List.copyOf(keys);
        channels = List.copyOf(channels);
    }

    /** Keys, and what may be done with them: bits of {@link KeySpec}. */
    record KeyPattern(String pattern, int access, Glob glob) {
        static KeyPattern of(String pattern, int access) {
            return new KeyPattern(pattern, access, new Glob(pattern.getBytes(StandardCharsets.ISO_8859_1)));
        }

        @Override
        public String toString() {
            return switch (access) {
                case KeySpec.READ -> "%R~" + pattern;
                case KeySpec.WRITE -> "%W~" + pattern;
                default -> "~" + pattern;
            };
        }
    }

    boolean unrestricted() {
        return everything && allKeys && allChannels;
    }

    Verdict check(CommandFacts command, Args args) {
        if (!everything
                && !command.is("no_auth")
                && !commands.contains(command.name())
                && !firstAllowed(command, args)) {
            return new Verdict(Verdict.Denied.COMMAND, command.name());
        }
        Verdict found = allKeys ? Verdict.ALLOWED : checkKeys(command, args);
        return found.denied() != null || allChannels ? found : checkChannels(command, args);
    }

    private boolean firstAllowed(CommandFacts command, Args args) {
        Set<String> first = firstArguments.get(command.name());
        return first != null && args.count() > 1 && first.contains(args.text(1).toLowerCase(Locale.ROOT));
    }

    private Verdict checkKeys(CommandFacts command, Args args) {
        if (command.name().equals("cache.invalidate")) {
            // Removes keys that its arguments do not name.
            return new Verdict(Verdict.Denied.KEY, args.text(1));
        }
        Verdict[] found = {Verdict.ALLOWED};
        for (KeySpec spec : command.keys()) {
            if (!spec.notKey()) {
                int own = spec.variable() ? KeySpec.access(VariableFlags.of(command.name(), args, 0)) : -1;
                spec.visit(args, 0, (arg, access) -> {
                    if (found[0].denied() == null && !keyAllowed(args.bytes(arg), own < 0 ? access : own)) {
                        found[0] = new Verdict(Verdict.Denied.KEY, args.text(arg));
                    }
                });
            }
        }
        return found[0];
    }

    private boolean keyAllowed(byte[] key, int access) {
        for (KeyPattern pattern : keys) {
            if ((pattern.access & access) == access && pattern.glob.matches(key)) {
                return true;
            }
        }
        return false;
    }

    private Verdict checkChannels(CommandFacts command, Args args) {
        boolean many = command.name().equals("subscribe") || command.name().equals("ssubscribe");
        boolean patterns = command.name().equals("psubscribe");
        boolean one = command.name().equals("publish") || command.name().equals("spublish");
        int end = many || patterns ? args.count() : one ? Math.min(2, args.count()) : 0;
        for (int i = 1; i < end; i++) {
            if (!channelAllowed(args.bytes(i), patterns)) {
                return new Verdict(Verdict.Denied.CHANNEL, args.text(i));
            }
        }
        return Verdict.ALLOWED;
    }

    boolean channelAllowed(byte[] channel, boolean literally) {
        if (allChannels) {
            return true;
        }
        for (String pattern : channels) {
            byte[] bytes = pattern.getBytes(StandardCharsets.ISO_8859_1);
            if (literally ? Arrays.equals(bytes, channel) : new Glob(bytes).matches(channel)) {
                return true;
            }
        }
        return false;
    }

    String commandRules() {
        List<String> words = new ArrayList<>();
        words.add(base ? "+@all" : "-@all");
        words.addAll(rules);
        return String.join(" ", words);
    }

    String keyRules() {
        return allKeys
                ? "~*"
                : String.join(" ", keys.stream().map(KeyPattern::toString).toList());
    }

    String channelRules() {
        return allChannels
                ? "&*"
                : String.join(
                        " ", channels.stream().map(channel -> "&" + channel).toList());
    }

    /** As ACL LIST shows it. */
    String text() {
        List<String> words = new ArrayList<>();
        if (!keyRules().isEmpty()) {
            words.add(keyRules());
        }
        if (!allChannels) {
            words.add("resetchannels");
        }
        if (!channelRules().isEmpty()) {
            words.add(channelRules());
        }
        words.add(commandRules());
        return String.join(" ", words);
    }
}
