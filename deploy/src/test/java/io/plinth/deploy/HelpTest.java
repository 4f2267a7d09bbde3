package io.plinth.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import picocli.CommandLine;

class HelpTest {
    private static final int SCREEN_LINES = 24;
    private static final int SCREEN_COLUMNS = 80;

    @TestFactory
    Stream<DynamicTest> helpFitsAScreen() {
        List<CommandLine> all =
                new ArrayList<>(Plinth.commandLine().getSubcommands().values());
        all.add(Plinth.commandLine());
        return all.stream()
                .map(line -> DynamicTest.dynamicTest(
                        line.getCommandName(),
                        () -> assertThat(help(line).lines())
                                .hasSizeLessThanOrEqualTo(SCREEN_LINES)
                                .allMatch(text -> text.length() <= SCREEN_COLUMNS)));
    }

    @Test
    void everyCommandOfTheManualIsListed() {
        assertThat(help(Plinth.commandLine()))
                .contains("up", "down", "status", "check", "logs", "kill", "start", "run", "config-reference")
                .doesNotContain("train", "jvm-options");
    }

    @Test
    void anUnknownCommandIsRefusedWithTheNearestOne() {
        CommandLine line = Plinth.commandLine();
        StringWriter err = new StringWriter();
        line.setErr(new PrintWriter(err));
        assertThat(line.execute("upp")).isEqualTo(2);
        assertThat(err.toString()).contains("up");
    }

    private static String help(CommandLine line) {
        StringWriter text = new StringWriter();
        line.usage(new PrintWriter(text));
        return text.toString();
    }
}
