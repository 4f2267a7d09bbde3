package io.plinth.kvcache.lua.code;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by one parse: the variables of one function while it is parsed. */
final class Scope {
    private static final int MAX_LOCALS = 200;
    private static final int MAX_UPVALUES = 60;

    final @Nullable Scope outer;
    final boolean vararg;
    private final int line;
    private final List<Local> active = new ArrayList<>();
    private final List<String> upvalues = new ArrayList<>();
    private final List<Integer> captures = new ArrayList<>();
    private int slots;
    private int loops;
    private int level;
    private int weight;
    boolean usesDots;

    Scope(@Nullable Scope outer, boolean vararg, int line) {
        this.outer = outer;
        this.vararg = vararg;
        this.line = line;
    }

    int slots() {
        return slots;
    }

    int[] captures() {
        return captures.stream().mapToInt(Integer::intValue).toArray();
    }

    int weight() {
        return weight + 4;
    }

    void deeper() {
        weight = Math.max(weight, ++level);
    }

    void shallower() {
        level--;
    }

    void loop(int change) {
        loops += change;
    }

    boolean inLoop() {
        return loops > 0;
    }

    int mark() {
        return active.size();
    }

    void release(int mark) {
        while (active.size() > mark) {
            active.removeLast();
        }
    }

    /** A variable that is visible from when it is {@link #show shown}. */
    Local create(String name, int ahead, Lexer at) throws SyntaxError {
        int slot = active.size() + ahead;
        if (slot >= MAX_LOCALS) {
            throw at.plain(where() + " has more than " + MAX_LOCALS + " local variables");
        }
        slots = Math.max(slots, slot + 1);
        return new Local(name, slot);
    }

    void show(Local local) {
        active.add(local);
    }

    private String where() {
        return line == 0 ? "main function" : "function at line " + line;
    }

    private @Nullable Local local(String name) {
        for (int i = active.size() - 1; i >= 0; i--) {
            if (active.get(i).name.equals(name)) {
                return active.get(i);
            }
        }
        return null;
    }

    /** The variable of a name as it is seen here; null for a global one. */
    Access.@Nullable Target find(String name, Lexer at) throws SyntaxError {
        Local own = local(name);
        if (own != null) {
            return new Access.LocalVariable(own);
        }
        int index = upvalue(name, at);
        return index < 0 ? null : new Access.Upvalue(index, name);
    }

    private int upvalue(String name, Lexer at) throws SyntaxError {
        int known = upvalues.indexOf(name);
        if (known >= 0) {
            return known;
        }
        Scope enclosing = outer;
        if (enclosing == null) {
            return -1;
        }
        Local local = enclosing.local(name);
        int capture;
        if (local != null) {
            local.captured = true;
            capture = local.slot;
        } else {
            int further = enclosing.upvalue(name, at);
            if (further < 0) {
                return -1;
            }
            capture = -1 - further;
        }
        for (int i = 0; i < captures.size(); i++) {
            if (captures.get(i) == capture && upvalues.get(i).equals(name)) {
                return i;
            }
        }
        if (upvalues.size() >= MAX_UPVALUES) {
            throw at.plain(where() + " has more than " + MAX_UPVALUES + " upvalues");
        }
        upvalues.add(name);
        captures.add(capture);
        return upvalues.size() - 1;
    }
}
