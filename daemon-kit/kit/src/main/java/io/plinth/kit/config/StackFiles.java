package io.plinth.kit.config;

import io.plinth.kit.config.read.FileReading;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/** Reads {@code plinth.yaml}. */
public final class StackFiles {
    private StackFiles() {}

    /**
     * Reads and checks the whole file.
     *
     * @param kinds every daemon kind that exists; a section or node of another is a mistake
     * @param env the environment: {@code PLINTH__KV_CACHE__MEMORY} sets {@code kv-cache.memory}
     * @param options what the command line sets, by dotted path; over the environment, which is over the file
     * @throws ConfigException with every problem found, in the order of the file
     */
    public static StackFile read(
            Path file, Collection<? extends SectionType> kinds, Map<String, String> env, Map<String, String> options)
            throws ConfigException {
        return FileReading.read(file, kinds, env, options);
    }
}
