package io.plinth.deploy.command;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Where a command prints. */
final class Output {
    private Output() {}

    /** Standard output, flushed at each line's end, or what a caller of the command line has set in its place. */
    static PrintWriter of(@Nullable CommandSpec spec) {
        return new PrintWriter(known(spec).commandLine().getOut(), true);
    }

    /** As {@link #of}, for what is wrong. */
    static PrintWriter errors(@Nullable CommandSpec spec) {
        return new PrintWriter(known(spec).commandLine().getErr(), true);
    }

    private static CommandSpec known(@Nullable CommandSpec spec) {
        if (spec == null) {
            throw new IllegalStateException("command: called by nobody (expected: picocli)");
        }
        return spec;
    }
}
