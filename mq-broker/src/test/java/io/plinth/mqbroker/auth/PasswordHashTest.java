package io.plinth.mqbroker.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PasswordHashTest {
    @Test
    void knowsTheHashOfRabbitMqsManual() {
        // "This is the algorithm" of RabbitMQ's guide to passwords: test12 with the salt 908DC60A.
        assertThat(PasswordHash.SHA256.matches("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "test12"))
                .isTrue();
        assertThat(PasswordHash.SHA256.matches("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR", "test13"))
                .isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void matchesItsOwn(PasswordHash algorithm) {
        String hash = algorithm.hash("geheim", new Random(1));

        assertThat(algorithm.matches(hash, "geheim")).isTrue();
        assertThat(algorithm.matches(hash, "geheim ")).isFalse();
        assertThat(algorithm.hash("geheim", new Random(2))).isNotEqualTo(hash);
    }

    @ParameterizedTest
    @EnumSource
    void anEmptyOrBrokenHashMatchesNothing(PasswordHash algorithm) {
        assertThat(algorithm.matches("", "")).isFalse();
        assertThat(algorithm.matches("####", "")).isFalse();
        assertThat(algorithm.matches("AAAA", "")).isFalse();
    }
}
