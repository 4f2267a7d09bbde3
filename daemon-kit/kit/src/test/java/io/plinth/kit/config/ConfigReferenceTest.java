package io.plinth.kit.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigReferenceTest {
    @Test
    void showsKeysValuesRangesDefaultsAndNestedSections() {
        String page =
                ConfigReference.markdown(List.of(new StackFilesTest.Kind("gate", StackFilesTest.GateConfig.class, 0)));
        assertThat(page)
                .contains("## gate\n\nThe gate.\n")
                .contains("| `head-max` | size (`64MiB`) | `16KiB` | Largest head. |")
                .contains("| `pools` | `NAME`: see `gate.pools.NAME` | none | Pools. |")
                .contains("### `gate.pools.NAME`")
                .contains("| `balance` | round-robin \\| peak-ewma | `peak-ewma` | How. |")
                .contains("A single value stands for `at`.")
                .contains("| `weight` | whole number, from 1, to 100 | `1` | Share. |")
                .contains("| `at` | address (`host:port`) |  | Where. |");
    }
}
