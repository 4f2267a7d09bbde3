package io.plinth.lbproxy.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.tracing.SpanExporter;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SpanExporterTest {
    private static Span span() {
        return new Span(
                new Span.Ids(1, 2, 3, 0), null, "GET", "/", "http", null, "127.0.0.1", null, null, null, 1, 200, 1, 2);
    }

    @Test
    void anEndpointThatIsNoneCostsSpansAndNotTheThread() throws InterruptedException {
        try (SpanExporter<Span> exporter =
                new SpanExporter<>(URI.create("http://127.0.0.1:99999/"), 10, "lb", RequestSpans.of("lb")::encode)) {
            exporter.start();
            for (int spans = 1; spans <= 2; spans++) {
                exporter.offer(span());
                while (exporter.dropped() < spans) {
                    TimeUnit.MILLISECONDS.sleep(5);
                }
            }
            assertThat(exporter.exported()).isZero();
        }
    }
}
