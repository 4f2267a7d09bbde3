package io.plinth.testkit;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
    @TestFactory
    Stream<DynamicTest> rules() {
        return ArchitectureRules.module("io.plinth.testkit", "io.plinth.kit", "io.plinth.deploy", "shop");
    }
}
