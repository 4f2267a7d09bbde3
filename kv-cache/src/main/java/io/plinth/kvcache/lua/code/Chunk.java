package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.LuaFunction;

/** A script ready to run, on any thread. */
public final class Chunk {
    private final Prototype main;

    private Chunk(Prototype main) {
        this.main = main;
    }

    /** Compiles; {@code name} starts with {@code =} or {@code @}, or is the text itself. */
    public static Chunk compile(String text, String name) throws SyntaxError {
        if (text.startsWith("\u001b")) {
            throw new SyntaxError(Lexer.display(name) + ": bytecode is not loaded (expected: source text)");
        }
        return new Chunk(new Parser(text, Lexer.display(name)).chunk());
    }

    /** The script as a function of a run. */
    public LuaFunction function() {
        return ScriptFunction.main(main);
    }
}
