package io.plinth.kvcache.lua.code;

/** A local variable, known to the parser. Whether it is captured is certain once its function is parsed. */
final class Local {
    final String name;
    final int slot;
    boolean captured;

    Local(String name, int slot) {
        this.name = name;
        this.slot = slot;
    }
}
