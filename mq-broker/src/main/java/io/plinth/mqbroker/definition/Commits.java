package io.plinth.mqbroker.definition;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.log.ChangeStream;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.wire.AmqpException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Owned by the definitions' loop. Brings changes to the log; each is applied and answered, in order, once it is durable. */
final class Commits {
    /**
     * A change.
     *
     * @param durable whether it must survive
     * @param apply makes it visible; returns the exchanges that thereby delete themselves
     */
    record Change(
            Effect.OnDefinitions effect,
            boolean durable,
            Ahead.@Nullable Step step,
            Supplier<List<Exchange>> apply,
            Definitions.Result result) {
        /** One of a virtual host. */
        static Change in(
                Topology topology,
                Effect.OnDefinitions effect,
                boolean durable,
                Ahead.Step step,
                Supplier<List<Exchange>> apply) {
            return new Change(Writable.in(topology, effect), durable, step, apply, Definitions.Result.DONE);
        }

        Change with(Definitions.Result told) {
            return new Change(effect, durable, step, apply, told);
        }
    }

    private final ChangeStream stream;
    private final Storing storing;
    private final Ahead ahead;
    private final Deque<Job> jobs;

    /** Commits to a log; {@code jobs} get, in front, what follows from a change. */
    Commits(ChangeStream stream, Storing storing, Ahead ahead, Deque<Job> jobs) {
        this.stream = stream;
        this.storing = storing;
        this.ahead = ahead;
        this.jobs = jobs;
    }

    /** Applies and answers once the change is durable; at once where it need not be, and nothing before it waits. */
    void commit(@Nullable Job job, Change change, Consumer<Definitions.Result> reply) {
        Writable.check(change.effect(), change.durable());
        Ahead.Waiting waiting =
                new Ahead.Waiting(change.step(), change.apply(), change.result(), reply, job, change.durable());
        if (change.durable()) {
            storing.check();
            ahead.add(stream.logged(change.effect(), true), waiting);
            return;
        }
        stream.passing(change::effect);
        if (ahead.isEmpty()) {
            finish(waiting);
        } else {
            ahead.behind(waiting);
        }
    }

    /** Commits the deletion of what is gone already: where it cannot be stored it is applied all the same, and stored before anything else. */
    void commitGone(Job job, Change deletion, Consumer<Definitions.Result> reply) {
        Runnable later = () -> {
            storing.owe(new Storing.Owed(deletion.effect(), () -> reply.accept(Definitions.Result.DONE)));
            finish(new Ahead.Waiting(null, deletion.apply(), Definitions.Result.DONE, applied -> {}, null, false));
        };
        if (deletion.durable() && storing.fails()) {
            later.run();
            return;
        }
        commit(job, deletion, result -> {
            if (result.error() == null) {
                reply.accept(result);
            } else {
                later.run();
            }
        });
    }

    /** Answers a command that changes nothing, behind the changes by which that was judged. */
    void answer(Job job, boolean known, Definitions.Result result) {
        if (known || ahead.isEmpty()) {
            job.reply().accept(result);
        } else {
            ahead.behind(new Ahead.Waiting(null, List::of, result, job.reply(), job, false));
        }
    }

    /** Stores what is owed. */
    void store(Storing.Owed owed) {
        Change deletion = new Change(owed.effect(), true, null, List::of, Definitions.Result.DONE);
        commit(null, deletion, result -> {
            if (result.error() == null) {
                owed.stored().run();
            } else {
                storing.owe(owed);
            }
        });
    }

    /** Hands what was committed to the log's writer. */
    void flush() {
        stream.flush();
    }

    void durable(long sequence) {
        for (Ahead.Waiting done = ahead.durable(sequence); done != null; done = ahead.durable(sequence)) {
            finish(done);
        }
    }

    /** What waits has not happened: what is to survive is refused, the rest judged anew. */
    void lost(IOException cause) {
        AmqpException refusal = storing.failed(cause);
        List<Job> again = new ArrayList<>();
        for (Ahead.Waiting lost : ahead.lost()) {
            Job job = lost.job();
            if (job == null) {
                lost.reply().accept(new Definitions.Result(refusal, null, false));
            } else if (lost.durable()) {
                job.refuse(refusal, lost.reply());
            } else {
                again.add(job);
            }
        }
        again.reversed().forEach(jobs::addFirst);
    }

    /** Applies a change and answers, after auto-delete exchanges that lost their last binding by it are gone too. */
    private void finish(Ahead.Waiting change) {
        List<Exchange> emptied = change.apply().get();
        Consumer<Definitions.Result> reply = result -> change.reply().accept(change.result());
        if (emptied.isEmpty()) {
            change.reply().accept(change.result());
        }
        for (Exchange exchange : emptied) {
            jobs.addFirst(new Job(exchange.vhost(), new DefinitionCommand.ForgetExchange(exchange), reply));
            // They stand in reverse order: the first one here is deleted, and answers, last.
            reply = result -> {};
        }
    }
}
