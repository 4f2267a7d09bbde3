package io.plinth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each rule must be able to fail: a module that breaks them all. */
class ArchitectureRulesTest {
    private static final String BASE = "io.plinth.testkit.bad";
    private static final String FOLDER = BASE.replace('.', '/');

    @TempDir
    Path module;

    @BeforeEach
    void layOut() throws IOException {
        Path classes = Files.createDirectories(module.resolve("target/classes/" + FOLDER + "/route"));
        Path own = Path.of("target/test-classes/" + FOLDER + "/route/RouteHelper.class");
        Files.copy(own, classes.resolve("RouteHelper.class"));
        Files.createDirectories(module.resolve("src/main/java/" + FOLDER + "/route"));
    }

    @Test
    void whatIsSeenInClassesFails() throws IOException {
        Map<String, String> failures = failures();
        assertThat(failures.get("no vague class names")).contains("RouteHelper");
        assertThat(failures.get("no static mutable fields")).contains("RouteHelper.calls");
        assertThat(failures.get("time and chance are given"))
                .contains("RouteHelper.time() uses java.lang.System.nanoTime");
        assertThat(failures.get("no socket is bound here")).contains("RouteHelper.listen", "ServerBootstrap.<init>");
        assertThat(failures.get("plain logic sees no channel")).contains("io.netty.channel.Channel");
        assertThat(failures).doesNotContainKey("does not depend on io.plinth.lbproxy");
    }

    @Test
    void aDependencyThatIsForbiddenFails() {
        ArchitectureRules rules = new ArchitectureRules(module, BASE).dependencies(List.of("io.netty.bootstrap"));
        assertThat(failures(rules)).containsKey("does not depend on io.netty.bootstrap");
    }

    @Test
    void whatIsSeenInSourcesFails() throws IOException {
        source("A", "class A  {}\n");
        for (String name : List.of("B", "C", "D")) {
            source(name, "class " + name + " {}\n");
        }
        source("Long", "// line\n".repeat(501) + "class Long {}\n");
        for (int i = 0; i < 23; i++) {
            source("route/R" + i, "class R" + i + " {}\n");
        }
        Map<String, String> failures = failures();
        assertThat(failures.get("sources are formatted")).contains("A.java").doesNotContain("B.java");
        assertThat(failures.get("no file is longer than 500 lines")).contains("Long.java: 502 lines");
        assertThat(failures.get("every package has a @NullMarked package-info")).contains("bad/package-info.java");
        assertThat(failures.get("no package has more than 22 classes")).contains("route: 23 classes");
        assertThat(failures.get("the root package has at most 4 files")).contains("bad: 6 files");
    }

    @Test
    void formattingMakesSourcesPassTheFormatCheck() throws IOException {
        source("A", "import java.util.List;\n\nclass A  {int a;}\n");
        Path sources = module.resolve("src");
        assertThat(SourceFormat.check(sources)).hasSize(1);
        SourceFormat.main(new String[] {sources.toString()});
        assertThat(SourceFormat.check(sources)).isEmpty();
        assertThat(Files.readString(module.resolve("src/main/java/" + FOLDER + "/A.java")))
                .contains("class A {\n    int a;\n}");
    }

    private void source(String name, String text) throws IOException {
        Files.writeString(module.resolve("src/main/java/" + FOLDER + "/" + name + ".java"), text);
    }

    private Map<String, String> failures() throws IOException {
        return failures(new ArchitectureRules(module, BASE).sources().classes().daemon(List.of("route")));
    }

    private static Map<String, String> failures(ArchitectureRules rules) {
        Map<String, String> failures = new LinkedHashMap<>();
        for (DynamicTest test : rules.tests()) {
            try {
                test.getExecutable().execute();
            } catch (Throwable thrown) {
                failures.put(test.getDisplayName(), String.valueOf(thrown.getMessage()));
            }
        }
        return failures;
    }
}
