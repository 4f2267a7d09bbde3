package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.loader.Loads.Ended;
import io.plinth.kvcache.loader.Loads.Outcome;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Owned by the client's loop: a reading command that waits for what loaders answer, then runs. */
final class ReadHold extends Hold {
    private static final int ATTEMPTS = 3;

    /** A key that is not there, and who knows it. */
    record Missing(io.plinth.kvcache.pattern.KeyName key, PatternRule rule, LoaderPool pool) {}

    private final Loads loads;
    private final Supplier<List<Missing>> missing;
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

    void begin(List<Missing> keys, long mostMillis) {
        hold();
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

    private void ask(List<Missing> keys) {
        attempt++;
        left = keys.size();
        overtaken = false;
        for (Missing each : keys) {
            loads.want(
                    each.key(),
                    each.rule(),
                    each.pool(),
                    executor(),
                    client().outlet(),
                    ended -> client().outlet().later(() -> ended(each.rule(), ended)));
        }
    }

    private void ended(PatternRule rule, Ended how) {
        left--;
        overtaken |= how.outcome() == Outcome.OVERTAKEN;
        boolean failed = how.outcome() == Outcome.FAILED || how.outcome() == Outcome.NO_ROOM;
        if (failed && rule.tellsErrors()) {
            error = how.reason();
        }
        if (left > 0 || !holding()) {
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
