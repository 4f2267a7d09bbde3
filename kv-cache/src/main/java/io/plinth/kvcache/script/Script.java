package io.plinth.kvcache.script;

import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.lua.code.Chunk;
import io.plinth.kvcache.lua.code.SyntaxError;
import java.util.Set;

/** A script that was loaded. Immutable but for what runs have taught about it. */
final class Script {
    private static final Set<String> FLAGS =
            Set.of("no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys");

    final String sha;
    final Chunk chunk;
    final Set<String> flags;
    /** Whether it says of itself, in a first line for it, that it does not only read. */
    final boolean declaredToWrite;
    /** Of its source. */
    final int bytes;
    /** A run of it wrote, or went beyond its keys. */
    volatile boolean takesTurn;

    private Script(String sha, Chunk chunk, Set<String> flags, boolean declares, int bytes) {
        this.declaredToWrite = declares && !flags.contains("no-writes");
        this.bytes = bytes;
        this.sha = sha;
        this.chunk = chunk;
        this.flags = flags;
    }

    static Script compile(String sha, String text) {
        String body = text;
        Set<String> flags = Set.of();
        boolean declares = text.startsWith("#!");
        if (declares) {
            int end = text.indexOf('\n');
            if (end < 0) {
                throw new CommandException("ERR Invalid script shebang");
            }
            flags = flags(text.substring(0, end));
            body = text.substring(end);
        }
        try {
            return new Script(sha, Chunk.compile(body, "@user_script"), flags, declares, text.length());
        } catch (SyntaxError e) {
            throw new CommandException("ERR Error compiling script (new function): " + Replies.line(e.getMessage()));
        }
    }

    private static Set<String> flags(String first) {
        String[] words = first.trim().split(" +", -1);
        if (!words[0].equals("#!lua")) {
            throw new CommandException("ERR Unexpected engine in script shebang: " + Replies.line(words[0]));
        }
        Set<String> flags = Set.of();
        for (int i = 1; i < words.length; i++) {
            if (!words[i].startsWith("flags=")) {
                throw new CommandException("ERR Unknown lua shebang option: " + Replies.line(words[i]));
            }
            String list = words[i].substring("flags=".length());
            if (list.isEmpty()) {
                continue;
            }
            for (String flag : list.split(",", -1)) {
                if (!FLAGS.contains(flag)) {
                    throw new CommandException("ERR Unexpected flag in script shebang: " + Replies.line(flag));
                }
            }
            flags = Set.of(list.split(",", -1));
        }
        return flags;
    }

    static boolean isFlag(String name) {
        return FLAGS.contains(name);
    }
}
