package io.plinth.mqbroker.definition;

import io.netty.util.concurrent.EventExecutor;
import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.exchange.Binding;
import io.plinth.mqbroker.exchange.Destination;
import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.ExchangeType;
import io.plinth.mqbroker.exchange.QueueLifecycle;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.flow.Alarms;
import io.plinth.mqbroker.index.RecoveredDefinitions;
import io.plinth.mqbroker.log.ChangeStream;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.LogWriter;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.Shards;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its event loop. The one place where exchanges, queue names, bindings and settings change: in the order the commands come, each applied
 * and answered only once it is durable, so what a client was told exists after any crash. Those that come while the log syncs share the next sync.
 */
public final class Definitions implements LogWriter.Owner, QueueLifecycle {
    /**
     * How a command ended: an error, or the queue of a declare.
     *
     * @param created whether that queue was not there before
     */
    public record Result(
            @Nullable AmqpException error, @Nullable QueueRef queue, boolean created) {
        static final Result DONE = new Result(null, null, false);
    }

    private final EventExecutor loop;
    private final Vhosts vhosts;
    private final Settings settings = new Settings();
    private final Policies policies = new Policies(settings);
    private final Shards shards;
    private final Storing storing;
    private final int maxQueues;
    private final Deque<Job> jobs = new ArrayDeque<>();
    private final Ahead ahead = new Ahead();
    private final Commits commits;
    private final SettingEffects effects;
    private long nextQueueId;

    public Definitions(
            EventExecutor loop, Vhosts vhosts, Shards shards, ChangeStream stream, Alarms alarms, int maxQueues) {
        this.loop = loop;
        this.vhosts = vhosts;
        this.shards = shards;
        this.storing = new Storing(alarms);
        this.commits = new Commits(stream, storing, ahead, jobs);
        this.effects = new SettingEffects(loop, vhosts, policies, shards);
        this.maxQueues = maxQueues;
    }

    /** Puts back what recovery found, and the queues' messages; before anything is served, on the starting thread. */
    public void restore(RecoveredDefinitions found, java.util.function.ObjIntConsumer<QueueRef> restoreQueue) {
        nextQueueId = found.nextQueueId();
        found.settings().changes().forEach(settings::apply);
        settings.all(Settings.VHOST).keySet().forEach(vhosts::add);
        Restore restore = new Restore(policies, shards.count(), restoreQueue);
        found.hosts().forEach((name, host) -> {
            Topology topology = vhosts.get(name);
            if (topology != null) {
                restore.into(topology, host);
            }
        });
    }

    /** How many queues there may be in all. */
    public int maxQueues() {
        return maxQueues;
    }

    /** Virtual hosts, users, permissions, policies and parameters; changed by commands alone. */
    public Settings settings() {
        return settings;
    }

    public Policies policies() {
        return policies;
    }

    /** Queues a command on a virtual host; {@code reply} runs on this loop once the change is durable, or refused. */
    public void submit(String vhost, DefinitionCommand command, Consumer<Result> reply) {
        loop.execute(() -> begin(new Job(vhost, command, reply)));
    }

    /** The same for one who asks for more behind it: once one is refused, its others are dropped without a reply. */
    public void submit(String vhost, DefinitionCommand command, Asker asker, Consumer<Result> reply) {
        loop.execute(() -> begin(new Job(vhost, command, asker, asker.next(), reply)));
    }

    private void begin(Job job) {
        jobs.add(job);
        work();
    }

    @Override
    public void removed(QueueRef queue, Runnable done) {
        submit(queue.vhost(), new DefinitionCommand.ForgetQueue(queue), result -> done.run());
    }

    /** Refuses, before anything of it is dropped, the deletion of what could not be deleted for good now; from any thread. */
    public void checkDeletion(QueueRef queue) {
        if (queue.survives()) {
            storing.check();
        }
    }

    private void work() {
        assert loop.inEventLoop();
        while (!ahead.fenced()) {
            Storing.Owed owed = storing.next();
            Job job = owed == null ? jobs.poll() : null;
            if (owed != null) {
                commits.store(owed);
            } else if (job == null) {
                break;
            } else if (!job.dropped()) {
                start(job);
            }
        }
        commits.flush();
    }

    private void start(Job job) {
        try {
            if (job.command() instanceof DefinitionCommand.Set c) {
                set(job, c.setting());
                return;
            }
            Topology topology = vhosts.get(job.vhost());
            if (topology != null) {
                start(job, topology);
            } else if (job.command() instanceof DefinitionCommand.ForgetQueue) {
                job.reply().accept(Result.DONE);
            } else {
                throw new AmqpException(ReplyCode.NOT_FOUND, "no vhost '" + job.vhost() + "'");
            }
        } catch (AmqpException e) {
            job.refuse(e);
        }
    }

    /** Has the job judged once all that waits is durable, since what comes of it cannot be told before. */
    private void judgeLater(Job job) {
        jobs.addFirst(job);
        ahead.fence();
    }

    private void start(Job job, Topology topology) {
        switch (job.command()) {
            case DefinitionCommand.DeclareExchange c -> declare(job, topology, c);
            case DefinitionCommand.DeleteExchange c -> delete(job, topology, c);
            case DefinitionCommand.DeclareQueue c -> declare(job, topology, c);
            case DefinitionCommand.ForgetQueue c -> forget(job, topology, c.queue());
            case DefinitionCommand.ForgetExchange c -> forget(job, topology, c.exchange());
            case DefinitionCommand.Bind c -> bind(job, topology, c);
            case DefinitionCommand.Unbind c -> unbind(job, topology, c);
            case DefinitionCommand.Set c -> throw new IllegalStateException("command: " + c);
        }
    }

    @Override
    public void durable(long sequence) {
        commits.durable(sequence);
        work();
    }

    @Override
    public void full(IOException cause) {
        commits.lost(cause);
        work();
    }

    @Override
    public void failed(IOException cause) {
        commits.lost(cause);
        storing.lost();
        work();
    }

    @Override
    public void recovered() {
        storing.recovered();
        work();
    }

    /** What could not be stored was answered with an error and has not happened. */
    @Override
    public boolean standsByRefused() {
        return false;
    }

    private void declare(Job job, Topology topology, DefinitionCommand.DeclareExchange c) {
        Exchange known = ahead.exchange(topology, c.name());
        if (known != null) {
            if (ahead.mayEnd(known)) {
                judgeLater(job);
                return;
            }
            Equivalence.check(known, c);
            commits.answer(job, topology.exchange(c.name()) == known, Result.DONE);
            return;
        }
        ExchangeType type = Equivalence.type(c);
        Effect.OnDefinitions effect =
                new Effect.ExchangeDeclared(c.name(), c.type(), c.autoDelete(), c.internal(), c.arguments());
        String delays = Topology.delayQueue(c.name());
        if (type == ExchangeType.DELAYED && ahead.queue(topology, delays) == null) {
            Writable.check(effect, c.durable());
            // Before its exchange, so that the exchange never stands without it.
            FieldTable arguments = new FieldTable(Map.of(QueueRef.DELAYED_FOR, c.name()));
            DefinitionCommand.DeclareQueue queue =
                    new DefinitionCommand.DeclareQueue(delays, c.durable(), false, null, arguments);
            declare(new Job(job.vhost(), queue, result -> {}), topology, queue);
        }
        Exchange exchange = new Exchange(
                topology.vhost(), c.name(), type, c.durable(), c.autoDelete(), c.internal(), c.arguments());
        Ahead.Step step = Ahead.Step.exchange(topology, c.name(), exchange);
        commits.commit(
                job,
                Commits.Change.in(topology, effect, c.durable(), step, () -> {
                    policies.apply(exchange);
                    topology.add(exchange);
                    return List.of();
                }),
                job.reply());
    }

    private void delete(Job job, Topology topology, DefinitionCommand.DeleteExchange c) {
        Exchange exchange = ahead.exchange(topology, c.name());
        if (exchange == null) {
            commits.answer(job, topology.exchange(c.name()) == null, Result.DONE);
            return;
        }
        if (c.ifUnused() && ahead.bound(exchange)) {
            if (!ahead.isEmpty()) {
                // Its last binding may be about to go, by itself or with a queue.
                judgeLater(job);
                return;
            }
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, exchange + " in use");
        }
        commits.commit(job, deletion(topology, exchange), result -> dropDelayQueue(topology, exchange, result, job));
        fence(exchange);
    }

    /** An exchange that lost its last binding, unless it has another by now. */
    private void forget(Job job, Topology topology, Exchange exchange) {
        if (ahead.exchange(topology, exchange.name()) != exchange || ahead.bound(exchange)) {
            commits.answer(job, false, Result.DONE);
            return;
        }
        commits.commitGone(
                job, deletion(topology, exchange), result -> dropDelayQueue(topology, exchange, result, job));
        fence(exchange);
    }

    /** Nobody has a turn before the name of what goes with it is free again, too. */
    private void fence(Exchange deleted) {
        if (deleted.type() == ExchangeType.DELAYED) {
            ahead.fence();
        }
    }

    private static Commits.Change deletion(Topology topology, Exchange exchange) {
        return Commits.Change.in(
                topology,
                new Effect.ExchangeDeleted(exchange.name()),
                exchange.durable(),
                Ahead.Step.exchange(topology, exchange.name(), null),
                () -> topology.remove(exchange));
    }

    private void dropDelayQueue(Topology topology, Exchange exchange, Result result, Job job) {
        // None of an exchange that is still there, or was declared anew.
        boolean drops = exchange.type() == ExchangeType.DELAYED && topology.exchange(exchange.name()) == null;
        QueueRef keeps = drops ? topology.queue(Topology.delayQueue(exchange.name())) : null;
        if (keeps == null) {
            job.reply().accept(result);
            return;
        }
        jobs.addFirst(new Job(topology.vhost(), new DefinitionCommand.ForgetQueue(keeps), forgotten -> {
            shards.get(keeps.shard()).submitLater(List.of(new ShardCommand.Discard(keeps.id(), () -> {})));
            job.reply().accept(result);
        }));
    }

    private void declare(Job job, Topology topology, DefinitionCommand.DeclareQueue c) {
        QueueRef known = ahead.queue(topology, c.name());
        if (known != null) {
            Equivalence.check(known, c);
            vhosts.churn().queueDeclared(false);
            commits.answer(job, topology.queue(c.name()) == known, new Result(null, known, false));
            return;
        }
        Equivalence.checkType(topology.vhost(), c);
        Equivalence.checkLimit(vhosts.queueCount() + ahead.queues(), maxQueues);
        long limit = Access.vhostLimit(settings, topology.vhost(), "max-queues");
        if (limit >= 0) {
            Equivalence.checkLimit(topology, c.name(), ahead.queues(topology.vhost()), limit);
        }
        long id = nextQueueId++;
        int shard = Shards.of(topology.vhost(), c.name(), shards.count());
        QueueRef queue = new QueueRef(
                id,
                topology.vhost(),
                c.name(),
                shard,
                c.durable() && c.owner() == null,
                c.autoDelete(),
                c.owner(),
                c.arguments());
        Effect.OnDefinitions effect = new Effect.QueueDeclared(id, c.name(), c.autoDelete(), c.arguments());
        Ahead.Step step = Ahead.Step.queue(topology, c.name(), queue);
        Commits.Change change = Commits.Change.in(topology, effect, queue.survives(), step, () -> {
            policies.apply(queue);
            // The shard hears of it before any loop can route to it.
            shards.get(shard).submitLater(List.of(new ShardCommand.Create(queue)));
            vhosts.declared(topology, queue);
            return List.of();
        });
        commits.commit(job, change.with(new Result(null, queue, true)), job.reply());
    }

    private void forget(Job job, Topology topology, QueueRef queue) {
        boolean known = ahead.queue(topology, queue.name()) == queue;
        if (known) {
            commits.commitGone(
                    job,
                    Commits.Change.in(
                            topology,
                            new Effect.QueueDeleted(queue.id(), queue.name()),
                            queue.survives(),
                            Ahead.Step.queue(topology, queue.name(), null),
                            () -> vhosts.deleted(topology, queue)),
                    job.reply());
        } else {
            commits.answer(job, topology.queue(queue.name()) != queue, Result.DONE);
        }
    }

    private void bind(Job job, Topology topology, DefinitionCommand.Bind c) {
        Exchange source = Ends.source(ahead, topology, c.source());
        Destination destination = Ends.destination(ahead, topology, c.toQueue(), c.destination(), c.asker());
        if (ahead.mayEnd(source) || (destination instanceof Exchange exchange && ahead.mayEnd(exchange))) {
            judgeLater(job);
            return;
        }
        Equivalence.checkBinding(source.type(), source, c.routingKey(), c.arguments());
        Binding binding = new Binding(destination, c.routingKey(), c.arguments());
        if (ahead.has(source, binding)) {
            commits.answer(job, source.has(binding), Result.DONE);
            return;
        }
        commits.commit(
                job,
                Commits.Change.in(
                        topology,
                        new Effect.Bound(c.source(), c.toQueue(), c.destination(), c.routingKey(), c.arguments()),
                        source.durable() && Ends.survives(destination),
                        Ahead.Step.binding(source, binding, true),
                        () -> {
                            topology.bind(source, binding);
                            return List.of();
                        }),
                job.reply());
    }

    private void unbind(Job job, Topology topology, DefinitionCommand.Unbind c) {
        Exchange source = ahead.exchange(topology, c.source());
        Destination destination =
                c.toQueue() ? ahead.queue(topology, c.destination()) : ahead.exchange(topology, c.destination());
        if (source == null || destination == null) {
            commits.answer(job, false, Result.DONE);
            return;
        }
        Binding binding = new Binding(destination, c.routingKey(), c.arguments());
        boolean bound = ahead.has(source, binding);
        // Nothing is done to a queue that was not bound, whoever owns it: as in RabbitMQ that is no error.
        if (destination instanceof QueueRef queue && bound) {
            Equivalence.checkOwner(queue, c.asker());
        }
        commits.commit(
                job,
                Commits.Change.in(
                        topology,
                        new Effect.Unbound(c.source(), c.toQueue(), c.destination(), c.routingKey(), c.arguments()),
                        bound && source.durable() && Ends.survives(destination),
                        Ahead.Step.binding(source, binding, false),
                        () -> topology.unbind(source, binding)),
                job.reply());
    }

    private void set(Job job, Effect.Setting setting) {
        if (setting.value() == null && !ahead.has(settings, setting)) {
            commits.answer(job, false, Result.DONE);
            return;
        }
        Commits.Change change = new Commits.Change(
                setting,
                true,
                Ahead.Step.setting(setting),
                () -> {
                    settings.apply(setting);
                    return List.of();
                },
                Result.DONE);
        commits.commit(job, change, result -> {
            if (result.error() == null) {
                effects.of(setting, () -> job.reply().accept(result));
            } else {
                job.reply().accept(result);
            }
        });
        if (setting.kind().equals(Settings.VHOST) && setting.value() == null) {
            // What comes behind is not in that host any more.
            ahead.fence();
        }
    }
}
