package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.loader.Loads.Ended;
import io.plinth.kvcache.loader.Loads.Outcome;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Owned by the client's loop: a reading command that waits for what loaders answer, then runs. */
final class ReadHold extends Hold {
    private static final int ATTEMPTS = 3;

    /** A key that is not there, and who knows it. */
    record Missing(io.plinth.kvcache.pattern.KeyName key, PatternRule rule, LoaderPool pool) {}

    /** Of how many rounds of questions the answers are waited for at most. */
    private static final int MOST_ROUNDS = 30;

    private final Loads loads;
    private final Supplier<List<Missing>> missing;
    /** What is not asked for yet, by who is asked. */
    private final Map<LoaderPool, ArrayDeque<Missing>> turns = new HashMap<>();

    private Runnable cancelTimer = () -> {};
    private int left;
    private int attempt;
    private boolean overtaken;
    private @Nullable String error;

    /** {@code missing} answers what is not there now. */
    ReadHold(Loads loads, CommandExecutor executor, Client client, Args args, Supplier<List<Missing>> missing) {
        super(executor, client, args);
        this.loads = loads;
        this.missing = missing;
    }

    void begin(List<Missing> keys) {
        hold();
        long mostMillis = mostMillis(keys);
        cancelTimer = client().outlet().schedule(mostMillis, () -> {
            if (holding()) {
                boolean tells = keys.stream().anyMatch(key -> key.rule().tellsErrors());
                finish(
                        tells
                                ? "ERR loader " + keys.getFirst().pool().name() + ": no answer in " + mostMillis + " ms"
                                : null);
            }
        });
        ask(keys);
    }

    /** Each loader is asked as many questions at a time as it has threads, so that the others do not wait in vain for a turn. */
    private static long mostMillis(List<Missing> keys) {
        Map<LoaderPool, Integer> counts = new HashMap<>();
        keys.forEach(each -> counts.merge(each.pool(), 1, Integer::sum));
        long most = 0;
        for (Map.Entry<LoaderPool, Integer> each : counts.entrySet()) {
            LoaderPool pool = each.getKey();
            long rounds = 1L + Math.ceilDiv(each.getValue(), pool.concurrency());
            most = Math.max(most, pool.timeoutMillis() * Math.min(rounds, MOST_ROUNDS));
        }
        return most;
    }

    private void ask(List<Missing> keys) {
        attempt++;
        left = keys.size();
        overtaken = false;
        turns.clear();
        Map<LoaderPool, Integer> asked = new HashMap<>();
        for (Missing each : keys) {
            if (asked.merge(each.pool(), 1, Integer::sum) <= each.pool().concurrency()) {
                ask(each);
            } else {
                turns.computeIfAbsent(each.pool(), pool -> new ArrayDeque<>()).add(each);
            }
        }
    }

    private void ask(Missing one) {
        loads.want(
                one.key(),
                one.rule(),
                one.pool(),
                executor(),
                client().outlet(),
                ended -> client().outlet().later(() -> ended(one, ended)));
    }

    private void ended(Missing one, Ended how) {
        PatternRule rule = one.rule();
        left--;
        overtaken |= how.outcome() == Outcome.OVERTAKEN;
        boolean failed = how.outcome() == Outcome.FAILED || how.outcome() == Outcome.NO_ROOM;
        if (failed && rule.tellsErrors()) {
            error = how.reason();
        }
        if (!holding()) {
            return;
        }
        if (error != null) {
            // It is what the command is answered with: nothing more is asked for it.
            turns.values().forEach(each -> left -= each.size());
            turns.clear();
        }
        ArrayDeque<Missing> waiting = turns.get(one.pool());
        Missing next = waiting == null ? null : waiting.poll();
        if (next != null) {
            ask(next);
        }
        if (left > 0) {
            return;
        }
        if (overtaken && error == null && attempt < ATTEMPTS) {
            List<Missing> still = missing.get();
            if (!still.isEmpty()) {
                ask(still);
                return;
            }
        }
        finish(error);
    }

    private void finish(@Nullable String refusal) {
        cancelTimer.run();
        if (refusal == null) {
            release();
        } else {
            refuse(refusal);
        }
    }

    @Override
    public void abandon() {
        cancelTimer.run();
        super.abandon();
    }
}
