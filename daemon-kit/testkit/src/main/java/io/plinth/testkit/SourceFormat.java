package io.plinth.testkit;

import com.palantir.javaformat.java.Main;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The one format of Java sources: palantir-java-format. {@link #check} lists what differs; {@link #main} rewrites it. Runs
 * in the JVM of the tests, so it works whatever JVM Maven itself runs on.
 */
public final class SourceFormat {
    private SourceFormat() {}

    /** Rewrites the sources under the given folders. */
    public static void main(String[] folders) {
        for (String folder : folders) {
            // Twice: where the last import was unused, the first run leaves its empty line.
            run("--replace", sources(Path.of(folder)));
            run("--replace", sources(Path.of(folder)));
        }
    }

    /** The sources under this folder that are not formatted, or cannot be parsed. */
    public static List<String> check(Path root) {
        return run("--dry-run", sources(root));
    }

    private static List<String> run(String mode, List<String> files) {
        if (files.isEmpty()) {
            return List.of();
        }
        List<String> arguments = new ArrayList<>(List.of("--palantir", mode));
        arguments.addAll(files);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        try {
            Main formatter =
                    new Main(new PrintWriter(out, true), new PrintWriter(err, true), InputStream.nullInputStream());
            formatter.format(arguments.toArray(String[]::new));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return Stream.concat(
                        out.toString().lines(), Arrays.stream(err.toString().split("\n")))
                .filter(line -> !line.isBlank())
                .toList();
    }

    /** Java sources below a folder, build output left out. */
    static List<String> sources(Path root) {
        try (Stream<Path> all = Files.walk(root)) {
            return all.map(Path::toString)
                    .filter(name -> name.endsWith(".java") && !name.contains("/target/"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
