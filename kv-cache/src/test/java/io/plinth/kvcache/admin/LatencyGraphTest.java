package io.plinth.kvcache.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.command.stats.LatencyEvents.Event;
import io.plinth.kvcache.command.stats.LatencyEvents.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

class LatencyGraphTest {
    @Test
    void drawsColumnsAndHowLongAgoTheyWere() {
        Event event = new Event(
                "command",
                List.of(new Sample(100, 20), new Sample(6_400, 80), new Sample(9_940, 50), new Sample(9_995, 21)),
                90);

        assertThat(LatencyGraph.of(event, 10_000)).isEqualTo("""
            command - high 80 ms, low 20 ms (all time high 90 ms)
            %s
             #\s\s
             |_\s
             ||\s
            _||_
            \s\s\s\s
            2115
            hhms
            """.formatted("-".repeat(80)));
    }

    @Test
    void oneSampleIsAtTheBottom() {
        assertThat(LatencyGraph.of(new Event("x", List.of(new Sample(5, 7)), 7), 5))
                .endsWith("-\n \n \n \n_\n \n0\ns\n");
    }
}
