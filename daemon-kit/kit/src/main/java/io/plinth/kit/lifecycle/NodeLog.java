package io.plinth.kit.lifecycle;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import org.slf4j.LoggerFactory;

/**
 * A node process's log: one line per event on standard output, the node's name on each; JSON with
 * {@code -Dplinth.log=json}. Set up in code, not by a file on the class path, so that it reaches nobody's tests; a
 * {@code logback.configurationFile} property wins.
 */
public final class NodeLog {
    private static final String PATTERN =
            "%d{\"yyyy-MM-dd'T'HH:mm:ss.SSSXXX\",UTC} %-5level %X{node:-NODE} %logger{0} %msg%n%ex";

    private NodeLog() {}

    /**
     * Replaces whatever logback configured by itself.
     *
     * @param node shown for threads that belong to no node: the node's name, or the stack's with several in one process
     * @param format {@code text} or {@code json}
     */
    public static void configure(String node, String format) {
        if (System.getProperty("logback.configurationFile") != null
                || !(LoggerFactory.getILoggerFactory() instanceof LoggerContext context)) {
            return;
        }
        context.reset();
        Encoder<ILoggingEvent> encoder = format.equals("json") ? new JsonEncoder() : text(context, node);
        encoder.setContext(context);
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stdout");
        appender.setEncoder(encoder);
        appender.start();
        var root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.toLevel(System.getProperty("plinth.log.level"), Level.INFO));
        root.addAppender(appender);
    }

    private static PatternLayoutEncoder text(LoggerContext context, String node) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern(PATTERN.replace("NODE", node));
        return encoder;
    }
}
