package io.plinth.kvcache.lua;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by one measurement: the size of everything that can be reached from some values. */
final class Reachable {
    private static final int STRING_BYTES = 56;
    private static final int SMALL_BYTES = 48;

    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final ArrayDeque<Object> open = new ArrayDeque<>();
    private long bytes;

    void add(@Nullable Object value) {
        switch (value) {
            case null -> {}
            case Double d -> {}
            case Boolean b -> {}
            default -> {
                if (seen.add(value)) {
                    open.add(value);
                }
            }
        }
    }

    /** Stops counting above the limit. */
    long measure(long limit) {
        for (Object next = open.poll(); next != null && bytes <= limit; next = open.poll()) {
            visit(next);
        }
        return bytes;
    }

    private void visit(Object value) {
        switch (value) {
            case String text -> bytes += STRING_BYTES + text.length();
            case LuaTable table -> {
                bytes += table.bytes();
                add(table.metatable());
                for (int i = 0; i < table.places(); i++) {
                    add(table.keyAt(i) instanceof Double ? null : table.keyAt(i));
                    add(table.valueAt(i));
                }
            }
            case Object[] several -> {
                bytes += 16 + 8L * several.length;
                for (Object one : several) {
                    add(one);
                }
            }
            case Cell cell -> {
                bytes += SMALL_BYTES;
                add(cell.value);
            }
            case Coroutine coroutine -> {
                bytes += Coroutine.BYTES;
                add(coroutine.stack());
                add(coroutine.transfer());
            }
            case Interp.Stack stack -> {
                stack.pins.forEach(this::add);
                for (Frame frame = stack.top; frame != null; frame = frame.caller) {
                    frame(frame);
                }
            }
            case Closure closure -> {
                bytes += SMALL_BYTES;
                add(closure.upvalues());
            }
            default -> bytes += SMALL_BYTES;
        }
    }

    private void frame(Frame frame) {
        bytes += SMALL_BYTES;
        add(frame.slots);
        add(frame.varargs);
        add(frame.result);
        if (frame.upvalues.length > 0) {
            add(frame.upvalues);
        }
    }
}
