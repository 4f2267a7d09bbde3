package io.plinth.kit.tracing;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceParentTest {
    private static final String EXAMPLE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    private final SplittableRandom random = new SplittableRandom(1);

    @Test
    void readsTheExampleOfTheSpecification() {
        TraceParent parsed = requireNonNull(TraceParent.parse(EXAMPLE));

        assertThat(parsed.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
        assertThat(parsed.spanId()).isEqualTo(0x00f067aa0ba902b7L);
        assertThat(parsed.sampled()).isTrue();
        assertThat(parsed).hasToString(EXAMPLE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
            })
    void ignoresWhatIsNotValid(String text) {
        assertThat(TraceParent.parse(text)).isNull();
    }

    @Test
    void readsALaterVersionThatGoesOn() {
        TraceParent parsed = requireNonNull(TraceParent.parse("cc" + EXAMPLE.substring(2) + "-what-comes"));

        assertThat(parsed).hasToString(EXAMPLE);
    }

    @Test
    void aChildStaysInTheTraceWithASpanOfItsOwn() {
        TraceParent parent = TraceParent.start(random, true);
        TraceParent child = parent.child(random);

        assertThat(child.traceId()).isEqualTo(parent.traceId());
        assertThat(child.spanId()).isNotEqualTo(parent.spanId());
        assertThat(child.sampled()).isTrue();
    }

    @Test
    void whatItWritesItReads() {
        for (int i = 0; i < 1000; i++) {
            TraceParent made = TraceParent.start(random, random.nextBoolean());
            assertThat(TraceParent.parse(made.toString())).isEqualTo(made);
        }
    }
}
