package io.plinth.testkit;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** A program of this machine that tests run beside. */
public final class Peer {
    private static final String SETTING = "peers";

    private Peer() {}

    /** Where it is: on the PATH, or where Debian puts daemons, which a user's PATH may leave out. */
    public static Optional<Path> find(String name) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.concat(Arrays.stream(path.split(File.pathSeparator)), Stream.of("/usr/local/sbin", "/usr/sbin"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Where it is, for a test that {@link RequiresPeer requires} it. */
    public static Path path(String name) {
        return find(name).orElseThrow(() -> new AssertionError(missing(List.of(name))));
    }

    private static String missing(List<String> names) {
        return "peer not on the PATH: " + String.join(", ", names) + " (install with deploy/bench/peers)";
    }

    /** What {@link RequiresPeer} means. */
    static final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            List<String> missing = AnnotationSupport.findAnnotation(context.getElement(), RequiresPeer.class).stream()
                    .flatMap(required -> Arrays.stream(required.value()))
                    .filter(name -> find(name).isEmpty())
                    .toList();
            if (missing.isEmpty()) {
                return ConditionEvaluationResult.enabled("all peers are here");
            }
            if ("required".equals(System.getProperty(SETTING))) {
                throw new AssertionError(missing(missing) + "; -D" + SETTING + "=required forbids to skip");
            }
            return ConditionEvaluationResult.disabled(missing(missing));
        }
    }
}
