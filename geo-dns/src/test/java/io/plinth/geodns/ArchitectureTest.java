package io.plinth.geodns;

import io.plinth.testkit.ArchitectureRules;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
    @TestFactory
    Stream<DynamicTest> rules() {
        return ArchitectureRules.daemon("io.plinth.geodns", "wire", "zone", "policy", "answer");
    }
}
