package io.plinth.kit.lifecycle;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import java.nio.file.Path;

/** Reads the file, at start and on every reload, with the same environment and command line over it. */
@FunctionalInterface
public interface StackFileLoader {
    /** Reads it whole, or throws every problem. */
    StackFile load(Path path) throws ConfigException;
}
