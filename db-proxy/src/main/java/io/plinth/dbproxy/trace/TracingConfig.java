package io.plinth.dbproxy.trace;

import io.plinth.kit.config.Check;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import java.net.URI;
import java.net.URISyntaxException;

/** Where spans go, and of what there are any. */
@Doc("Spans of sampled statements, sent to a collector by OTLP over HTTP.")
public record TracingConfig(
        @Doc("The collector's address for traces, as http://127.0.0.1:4318/v1/traces.")
        String endpoint,

        @Doc("So many of a hundred statements that come without a trace context are sampled.")
        @Default("0")
        @Range(min = "0", max = "100")
        double sample,

        @Doc("Sample all statements whose traceparent says so; false where clients are not to decide.") @Default("true")
        boolean parents,

        @Doc("Spans that may wait for the collector; beyond that they are dropped and counted.")
        @Default("2048")
        @Range(min = "1", max = "1000000")
        int queue) {

    /** Reports what is wrong with it. */
    public void check(Check check) {
        if (!endpoint.matches("https?://[^/\\s]+(/\\S*)?") || !readable()) {
            check.problem(
                    "tracing.endpoint",
                    "endpoint: " + endpoint + " (expected: http or https, host, port and path, as"
                            + " http://127.0.0.1:4318/v1/traces)");
        }
    }

    private boolean readable() {
        try {
            return new URI(endpoint).getHost() != null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}
