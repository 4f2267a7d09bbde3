package io.plinth.dbproxy.rule;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.sql.SqlTokens;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One rule with its counts. Immutable but for those, which any loop adds to. */
public final class Rule {
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final int LONGEST_TEXT = 1 << 20;

    private final String name;
    private final RuleConfig config;
    private final @Nullable StatementPattern pattern;
    private final LongSupplier nanoTime;
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicLong due;
    private final LongAdder matched = new LongAdder();
    private final LongAdder refused = new LongAdder();

    Rule(String name, RuleConfig config, LongSupplier nanoTime) {
        this.name = name;
        this.config = config;
        this.pattern = config.regex() == null ? null : StatementPattern.of(config.regex());
        this.nanoTime = nanoTime;
        this.due = new AtomicLong(nanoTime.getAsLong());
    }

    public String name() {
        return name;
    }

    public RuleConfig config() {
        return config;
    }

    /** Whether the statement is of its kind, whoever sends it. */
    boolean matches(SqlTokens tokens, SqlPlan plan) {
        return (config.fingerprint() == null
                        || HexFormat.fromHexDigitsToLong(config.fingerprint()) == plan.fingerprint())
                && (config.kind() == null || isOfKind(config.kind(), tokens, plan))
                && (config.table() == null || names(config.table(), tokens))
                && (pattern == null || pattern.isFoundIn(tokens.maskedText(LONGEST_TEXT)));
    }

    private static boolean isOfKind(String kind, SqlTokens tokens, SqlPlan plan) {
        if (kind.equals("read")) {
            return plan.statements().stream().allMatch(StatementPlan::readOnly);
        }
        if (kind.equals("write")) {
            return plan.statements().stream().anyMatch(statement -> !statement.readOnly());
        }
        boolean begins = true;
        boolean inner = false;
        for (int i = 0; i < tokens.count(); i++) {
            if (begins) {
                // What these begin with stands inside.
                inner = switch (tokens.name(i)) {
                    case "with", "explain", "prepare", "copy", "declare", "create" -> true;
                    default -> false;
                };
            }
            if (tokens.is(i, kind) && (begins || (inner && tokens.kind(i - 1) != SqlTokens.DOT))) {
                return true;
            }
            begins = tokens.kind(i) == SqlTokens.SEMICOLON || (begins && tokens.kind(i) == SqlTokens.OPEN);
        }
        return false;
    }

    /** Whether a name stands where a table's may stand. */
    private static boolean names(String table, SqlTokens tokens) {
        for (int i = 0; i < tokens.count(); i++) {
            boolean opaque =
                    tokens.kind(i) == SqlTokens.OPAQUE && tokens.text(i).endsWith("\"");
            if (opaque && mayBeTable(tokens, before(tokens, i))) {
                // A name spelt in Unicode escapes may be any.
                return true;
            }
            if (tokens.isName(i) && tokens.kind(i + 1) != SqlTokens.DOT) {
                boolean qualified = tokens.kind(i - 1) == SqlTokens.DOT;
                String name = tokens.name(i);
                boolean same = name.equals(table) || (qualified && (tokens.name(i - 2) + "." + name).equals(table));
                if (same && mayBeTable(tokens, before(tokens, i))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The token in front of a name and what qualifies it. */
    private static int before(SqlTokens tokens, int name) {
        int before = name - 1;
        while (tokens.kind(before) == SqlTokens.DOT) {
            before -= 2;
        }
        return before;
    }

    /** {@code before} is the token in front of the name. */
    private static boolean mayBeTable(SqlTokens tokens, int before) {
        return switch (tokens.kind(before)) {
            case SqlTokens.COMMA, SqlTokens.OPEN -> true;
            case SqlTokens.WORD ->
                switch (tokens.name(before)) {
                    case "from",
                            "join",
                            "into",
                            "update",
                            "table",
                            "only",
                            "using",
                            "truncate",
                            "copy",
                            "lock",
                            "analyze",
                            "vacuum",
                            "verbose",
                            "merge",
                            "on",
                            "exists" -> true;
                    default -> false;
                };
            default -> false;
        };
    }

    boolean concerns(String user) {
        return config.user() == null || config.user().equals(user);
    }

    /** A statement that matched is about to run; answers why it may not, or null. Each null is followed by {@link #end}. */
    @Nullable
    String begin() {
        matched.increment();
        if (config.concurrency() > 0 && running.incrementAndGet() > config.concurrency()) {
            running.decrementAndGet();
            refused.increment();
            return "more than " + config.concurrency() + " at once";
        }
        if (config.rate() > 0 && !take()) {
            end();
            refused.increment();
            return "more than " + config.rate() + " a second";
        }
        return null;
    }

    void end() {
        if (config.concurrency() > 0) {
            running.decrementAndGet();
        }
    }

    void denied() {
        matched.increment();
        refused.increment();
    }

    /** The generic cell rate algorithm (ITU-T I.371) with a burst of one second. */
    private boolean take() {
        long each = SECOND_NANOS / config.rate();
        while (true) {
            long now = nanoTime.getAsLong();
            long before = due.get();
            long next = (before - now > 0 ? before : now) + each;
            if (next - now > SECOND_NANOS) {
                return false;
            }
            if (due.compareAndSet(before, next)) {
                return true;
            }
        }
    }

    public int running() {
        return running.get();
    }

    /** How often it matched what was run. */
    public long matched() {
        return matched.sum();
    }

    /** How often it refused that. */
    public long refused() {
        return refused.sum();
    }

    /** What it matches, for people. */
    public String when() {
        List<String> parts = new ArrayList<>();
        add(parts, "fingerprint", config.fingerprint());
        add(parts, "regex", config.regex());
        add(parts, "user", config.user());
        add(parts, "table", config.table());
        add(parts, "kind", config.kind());
        return String.join(", ", parts);
    }

    /** What it does, for people. */
    public String action() {
        List<String> parts = new ArrayList<>();
        add(parts, "deny", config.deny());
        add(parts, "route", config.route());
        add(
                parts,
                "timeout",
                config.timeout().isZero() ? null : config.timeout().toMillis() + "ms");
        add(parts, "concurrency", config.concurrency() == 0 ? null : String.valueOf(config.concurrency()));
        add(parts, "rate", config.rate() == 0 ? null : String.valueOf(config.rate()));
        return String.join(", ", parts);
    }

    private static void add(List<String> parts, String name, @Nullable String value) {
        if (value != null) {
            parts.add(name + ": " + value);
        }
    }
}
