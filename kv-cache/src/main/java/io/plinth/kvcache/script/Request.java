package io.plinth.kvcache.script;

import io.plinth.kvcache.session.Client;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What EVAL, FCALL and their kin ask for. Immutable.
 *
 * @param script to run; null for a function
 * @param name the script's SHA-1, or the function's name
 * @param keys declared
 * @param args other arguments
 * @param readOnly whether it may not write
 * @param db where the client is
 * @param commandLine for FUNCTION STATS
 * @param caller whose command it is
 */
record Request(
        @Nullable Script script,
        String name,
        List<byte[]> keys,
        List<byte[]> args,
        boolean readOnly,
        boolean allowOom,
        int db,
        List<String> commandLine,
        Client caller) {

    boolean function() {
        return script == null;
    }
}
