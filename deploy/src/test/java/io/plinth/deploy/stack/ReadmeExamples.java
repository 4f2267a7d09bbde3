package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The commands of the README, run against a stack on other ports. */
final class ReadmeExamples {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```bash\n(.*?)^```$");

    private final TestStack stack;

    ReadmeExamples(TestStack stack) {
        this.stack = stack;
    }

    /** Runs the block whose first command is {@code program}; returns what it said. */
    String run(String program) throws Exception {
        String block = block(program);
        String own = stack.withOwnPorts(block).replace("deploy/.plinth", stack.folder() + "/.plinth");
        if (program.equals("deploy/plinth")) {
            own = own.lines().map(line -> line + " --file " + stack.file()).reduce("", (a, b) -> a + b + "\n");
        }
        Script.Result result = Script.runProgram(Map.of(), List.of("bash", "-ec", own));
        assertThat(result.exitCode())
                .as("%s\n%s%s", own, result.out(), result.err())
                .isZero();
        return result.out();
    }

    /** The first word of every block. */
    static Stream<String> programs() throws IOException {
        return blocks().stream().map(block -> block.substring(0, block.indexOf(' ')));
    }

    private static String block(String program) throws IOException {
        return blocks().stream()
                .filter(block -> block.startsWith(program + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("README: no block that begins with " + program));
    }

    private static List<String> blocks() throws IOException {
        Matcher matcher = BLOCK.matcher(Files.readString(Script.ROOT.resolve("README.md")));
        return matcher.results().map(found -> found.group(1)).toList();
    }
}
