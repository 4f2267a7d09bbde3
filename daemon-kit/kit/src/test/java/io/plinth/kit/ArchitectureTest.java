package io.plinth.kit;

import io.plinth.testkit.ArchitectureRules;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
    @TestFactory
    Stream<DynamicTest> rules() {
        // One package reads the file: its vocabulary is public and shares package-private parts with the reader.
        return ArchitectureRules.foundation("io.plinth.kit")
                .filter(rule -> !rule.getDisplayName().startsWith("no package has more than"));
    }
}
