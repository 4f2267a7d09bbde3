package io.plinth.mqbroker.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SafePatternTest {
    @Test
    void isFoundAnywhereAsInRabbitMq() {
        assertThat(SafePattern.of("ord").found("my-orders")).isTrue();
        assertThat(SafePattern.of("^ord").found("my-orders")).isFalse();
        assertThat(SafePattern.of(".*").all()).isTrue();
    }

    @Test
    void anEmptyOneMatchesNoName() {
        assertThat(SafePattern.of("").found("orders")).isFalse();
    }

    @Test
    void looksAhead() {
        assertThat(SafePattern.of("^(?!amq\\.).*").found("amq.gen-1")).isFalse();
        assertThat(SafePattern.of("^(?!amq\\.).*").found("orders")).isTrue();
    }

    @Test
    void oneThatWouldNeverEndMatchesNothing() {
        assertThat(SafePattern.of("^(a+)+$").found("a".repeat(200) + "b")).isFalse();
        assertThat(SafePattern.of("(.*a){30}$").found("a".repeat(250))).isFalse();
    }

    @Test
    void oneThatIsWrongIsNamedAndMatchesNothing() {
        assertThat(SafePattern.problem("a(")).contains("a(");
        assertThat(SafePattern.problem("a".repeat(5000))).contains("1024");
        assertThat(SafePattern.problem("^orders\\.")).isNull();
        assertThat(SafePattern.of("a(").found("a(")).isFalse();
    }
}
