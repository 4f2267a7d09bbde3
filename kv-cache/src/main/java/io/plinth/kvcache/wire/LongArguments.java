package io.plinth.kvcache.wire;

import org.jspecify.annotations.Nullable;

/** Says where a connection's long arguments go. */
public interface LongArguments {
    /** From so many bytes on an argument is long: such a value is pages, and nothing shorter, in the keyspace, too. */
    int LONG = 1 << 20;

    /** All of them where other arguments are. */
    LongArguments NONE = (before, length) -> null;

    /** Where an argument of so many bytes is to go that follows these, of which there is at least one; null: where they are. */
    @Nullable
    LongArgument begin(Args before, int length);
}
