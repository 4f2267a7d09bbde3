package io.plinth.kit.config.read;

import io.plinth.kit.config.Problem;
import io.plinth.kit.config.Secret;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads secrets from where the file says they are; a secret's text in the file itself is a mistake. */
final class Secrets {
    private static final long BYTES_MAX = 64 << 10;

    private final Path folder;
    private final Map<String, String> env;

    Secrets(Path folder, Map<String, String> env) {
        this.folder = folder;
        this.env = env;
    }

    @Nullable
    Secret resolve(Tree tree, List<Problem> problems) {
        if (tree instanceof Tree.Mapping mapping && mapping.entries().size() == 1) {
            Tree.Entry file = mapping.entries().get("file");
            if (file != null && file.value() instanceof Tree.Scalar path) {
                return fromFile(path, problems);
            }
            Tree.Entry variable = mapping.entries().get("env");
            if (variable != null && variable.value() instanceof Tree.Scalar name) {
                String value = env.get(name.text());
                if (value == null) {
                    problems.add(name.mark().problem("environment variable " + name.text() + " is not set"));
                    return null;
                }
                return new Secret(value);
            }
        }
        problems.add(
                tree.mark().problem("a secret does not stand in the file (expected: {file: PATH} or {env: NAME})"));
        return null;
    }

    private @Nullable Secret fromFile(Tree.Scalar path, List<Problem> problems) {
        Path file = folder.resolve(path.text());
        try {
            if (Files.size(file) > BYTES_MAX) {
                problems.add(path.mark().problem("secret file " + file + " is over 64 KiB"));
                return null;
            }
            return new Secret(Files.readString(file, StandardCharsets.UTF_8).stripTrailing());
        } catch (IOException e) {
            problems.add(path.mark().problem("secret file " + file + " cannot be read: " + e));
            return null;
        }
    }
}
