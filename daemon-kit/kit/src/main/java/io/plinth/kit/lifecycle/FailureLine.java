package io.plinth.kit.lifecycle;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.net.ListenException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** The one line (or a line per mistake in the file) that a person gets. */
final class FailureLine {
    private FailureLine() {}

    static String of(String node, @Nullable Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof ConfigException || cause instanceof StartException || cause instanceof ListenException) {
            return String.valueOf(cause.getMessage());
        }
        String message = cause == null || cause.getMessage() == null ? String.valueOf(cause) : cause.getMessage();
        String line = message.lines().findFirst().orElse(message);
        return line.startsWith(node + ":") ? line : node + ": " + line;
    }
}
