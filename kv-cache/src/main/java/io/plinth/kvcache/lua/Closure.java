package io.plinth.kvcache.lua;

/** A function with the variables of others it uses. */
public abstract class Closure extends LuaFunction {
    private final Cell[] upvalues;

    protected Closure(Cell[] upvalues) {
        this.upvalues = upvalues;
    }

    /** The variables in the order the function numbers them. */
    public final Cell[] upvalues() {
        return upvalues;
    }
}
