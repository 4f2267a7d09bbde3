package io.plinth.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The architecture rules that are seen in the source files. */
final class SourceRules {
    static final int LONGEST_FILE = 500;
    static final int LARGEST_PACKAGE = 22;
    static final int LARGEST_ROOT = 4;

    private final Path module;
    private final Path main;

    SourceRules(Path module) {
        this.module = module;
        this.main = module.resolve("src/main/java");
    }

    void formatted() {
        none(SourceFormat.check(module.resolve("src")), "formatted by io.plinth.testkit.SourceFormat");
    }

    void shortEnough() {
        none(
                SourceFormat.sources(module.resolve("src")).stream()
                        .map(Path::of)
                        .filter(file -> lines(file) > LONGEST_FILE)
                        .map(file -> file + ": " + lines(file) + " lines")
                        .toList(),
                "at most " + LONGEST_FILE + " lines");
    }

    void nullMarked() {
        none(
                packages().keySet().stream()
                        .map(folder -> folder.resolve("package-info.java"))
                        .filter(info -> !Files.exists(info) || !text(info).contains("@NullMarked"))
                        .map(Path::toString)
                        .toList(),
                "there, with @NullMarked");
    }

    void small() {
        none(
                packages().entrySet().stream()
                        .filter(entry -> entry.getValue().size() > LARGEST_PACKAGE)
                        .map(entry -> entry.getKey() + ": " + entry.getValue().size() + " classes")
                        .toList(),
                "at most " + LARGEST_PACKAGE + " classes");
    }

    void root(String base) {
        Path folder = main.resolve(base.replace('.', '/'));
        int files = packages().getOrDefault(folder, List.of()).size() + 1;
        none(
                files > LARGEST_ROOT ? List.of(folder + ": " + files + " files") : List.of(),
                "main class, composition root, configuration, package-info");
    }

    static void none(List<String> offences, String expected) {
        if (!offences.isEmpty()) {
            throw new AssertionError(
                    offences.size() + " found (expected: " + expected + "):\n  " + String.join("\n  ", offences));
        }
    }

    /** Top-level classes by package folder, main sources only, package-info left out. */
    private Map<Path, List<Path>> packages() {
        return SourceFormat.sources(main).stream()
                .map(Path::of)
                .filter(file -> !file.endsWith("package-info.java"))
                .collect(Collectors.groupingBy(Path::getParent));
    }

    private static long lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
