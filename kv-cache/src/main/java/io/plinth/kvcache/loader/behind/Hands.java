package io.plinth.kvcache.loader.behind;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hands one write on; on a thread that may wait, or not at all and false where it has none. */
public interface Hands {
    /** {@code then} is told how it ended: null where the loader has it. */
    boolean on(BehindWrite write, Consumer<@Nullable Failure> then);

    /** The loader refused one for good: it is not handed on any more. */
    default void refused(BehindWrite write) {}

    /** How many of a loader's may be under way at a time. */
    default int most(String loader) {
        return Integer.MAX_VALUE;
    }
}
