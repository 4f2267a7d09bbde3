package io.plinth.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.slf4j.LoggerFactory;

/**
 * Fails a passing test that logged an ERROR line nobody expected. Registered for every test; one that provokes an error
 * takes an {@link Expected} parameter and says so: {@code log.expect("disk .* is full")}.
 */
public final class LogWatcher
        implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(LogWatcher.class);

    /** Expects ERROR lines of a test; asked for in a lifecycle method of the class, of all its tests. */
    public interface Expected {
        /** Allows, for the scope this was asked for, error lines in whose text this regular expression is found. */
        void expect(String pattern);

        /** Every error line so far in this test, expected ones too. */
        List<String> errors();
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        Watch watch = new Watch();
        context.getStore(NAMESPACE).put(Watch.class, watch);
        watch.attach();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        watch(context).beginTest();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        List<String> unexpected = watch(context).endTest();
        if (context.getExecutionException().isEmpty()) {
            fail(unexpected);
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Watch watch = watch(context);
        watch.detach();
        if (context.getExecutionException().isEmpty()) {
            fail(watch.endTest());
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Expected.class;
    }

    @Override
    public Expected resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Watch watch = watch(context);
        boolean ofTest = context.getTestMethod().isPresent();
        return new Expected() {
            @Override
            public void expect(String pattern) {
                (ofTest ? watch.byTest : watch.byClass).add(Pattern.compile(pattern));
            }

            @Override
            public List<String> errors() {
                return watch.errors.stream().map(Watch::text).toList();
            }
        };
    }

    private static void fail(List<String> unexpected) {
        if (!unexpected.isEmpty()) {
            throw new AssertionError(unexpected.size()
                    + " unexpected ERROR line(s) logged (expected: none; allow one with LogWatcher.Expected):\n"
                    + String.join("\n", unexpected));
        }
    }

    private static Watch watch(ExtensionContext context) {
        Watch watch = context.getStore(NAMESPACE).get(Watch.class, Watch.class);
        if (watch == null) {
            throw new IllegalStateException("log watch of " + context.getDisplayName() + " (expected: begun)");
        }
        return watch;
    }

    /** Written by every logging thread, read by the test's. */
    private static final class Watch extends AppenderBase<ILoggingEvent> {
        private final Queue<ILoggingEvent> errors = new ConcurrentLinkedQueue<>();
        private final List<Pattern> byClass = new CopyOnWriteArrayList<>();
        private final List<Pattern> byTest = new CopyOnWriteArrayList<>();

        void attach() {
            LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
            setContext(loggers);
            start();
            loggers.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(this);
        }

        void detach() {
            ((LoggerContext) getContext()).getLogger(Logger.ROOT_LOGGER_NAME).detachAppender(this);
            stop();
        }

        /** Errors since the last test ended stay: they are of the set-up, or of what that test left running. */
        void beginTest() {
            byTest.clear();
        }

        List<String> endTest() {
            List<Pattern> allowed = new ArrayList<>(byClass);
            allowed.addAll(byTest);
            List<String> unexpected = new ArrayList<>();
            for (ILoggingEvent event = errors.poll(); event != null; event = errors.poll()) {
                String text = text(event);
                if (allowed.stream().noneMatch(p -> p.matcher(text).find())) {
                    unexpected.add(text);
                }
            }
            return unexpected;
        }

        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
                event.prepareForDeferredProcessing();
                errors.add(event);
            }
        }

        static String text(ILoggingEvent event) {
            String line = event.getLoggerName() + ": " + event.getFormattedMessage();
            return event.getThrowableProxy() == null
                    ? line
                    : line + "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
        }
    }
}
