package io.plinth.dbproxy.trace;

import io.plinth.dbproxy.usage.LoopStatements;
import io.plinth.kit.tracing.OtlpRequest;
import io.plinth.kit.tracing.OtlpSpan;
import java.io.IOException;
import java.util.Locale;

/** Statements as spans, with the attributes that OpenTelemetry's conventions for databases name. Texts go without their values. */
final class StatementSpans {
    private StatementSpans() {}

    /** Of a node. */
    static OtlpRequest<StatementSpan> of(String node) {
        return new OtlpRequest<>(node, "io.plinth.dbproxy", StatementSpans::write);
    }

    private static void write(StatementSpan span, OtlpSpan to) throws IOException {
        String text = span.sql().length == 0 ? "" : LoopStatements.text(span.sql());
        String operation = operation(text);
        to.ids(span.ids().traceId(), span.ids().spanId(), span.parent(), null);
        to.done(
                operation.isEmpty() ? span.database() : operation + " " + span.database(),
                span.startNanos(),
                span.endNanos(),
                span.failed());
        to.text("db.system.name", "postgresql");
        to.text("db.namespace", span.database());
        to.text("db.operation.name", operation);
        to.text("db.query.text", text);
        to.text("plinth.user", span.user());
        to.text("plinth.shard", span.shard());
        to.text("plinth.server", span.server());
    }

    /** The statement's first word. */
    private static String operation(String text) {
        int end = 0;
        while (end < text.length() && Character.isLetter(text.charAt(end))) {
            end++;
        }
        return text.substring(0, end).toUpperCase(Locale.ROOT);
    }
}
