package io.plinth.kvcache.lua.code;

import io.plinth.kvcache.lua.Frame;

/** A statement. Immutable once parsed, shared by all threads. */
abstract class Stat {
    static final int NORMAL = 0;
    static final int BREAK = 1;
    /** The values are in {@link Frame#result}. */
    static final int RETURN = 2;
    /** The function is in {@link Frame#tail}, its arguments in {@link Frame#result}. */
    static final int TAIL = 3;

    /** Does it; answers how to go on. */
    abstract int exec(Frame f);
}
