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
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its event loop. The one place where exchanges, queue names, bindings and settings change: one change after the other, each applied and
 * answered only once it is durable, so what a client was told exists after any crash.
 */
public final class Definitions implements LogWriter.Owner, QueueLifecycle {
    /** How a command ended: an error, or the queue of a declare. */
    public record Result(
            @Nullable AmqpException error, @Nullable QueueRef queue) {
        static final Result DONE = new Result(null, null);
    }

    private record Job(String vhost, DefinitionCommand command, Consumer<Result> reply) {}

    /** What waits for durability: the change itself, which returns the exchanges that thereby delete themselves, and the answer. */
    private record Pending(Supplier<List<Exchange>> apply, Result result, Consumer<Result> reply) {}

    private final EventExecutor loop;
    private final Vhosts vhosts;
    private final Settings settings = new Settings();
    private final Policies policies = new Policies(settings);
    private final Shards shards;
    private final ChangeStream stream;
    private final Storing storing;
    private final int maxQueues;
    private final Deque<Job> jobs = new ArrayDeque<>();
    private @Nullable Pending pending;
    private long nextQueueId;

    public Definitions(
            EventExecutor loop, Vhosts vhosts, Shards shards, ChangeStream stream, Alarms alarms, int maxQueues) {
        this.loop = loop;
        this.vhosts = vhosts;
        this.shards = shards;
        this.stream = stream;
        this.storing = new Storing(alarms);
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
        loop.execute(() -> {
            jobs.add(new Job(vhost, command, reply));
            work();
        });
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
        while (pending == null) {
            Storing.Owed owed = storing.next();
            if (owed != null) {
                store(owed);
                return;
            }
            Job job = jobs.poll();
            if (job == null) {
                return;
            }
            try {
                start(job);
            } catch (AmqpException e) {
                job.reply().accept(new Result(e, null));
            }
        }
    }

    private void start(Job job) {
        if (job.command() instanceof DefinitionCommand.Set c) {
            set(c.setting(), job.reply());
            return;
        }
        Topology topology = vhosts.get(job.vhost());
        if (topology == null) {
            if (job.command() instanceof DefinitionCommand.ForgetQueue) {
                job.reply().accept(Result.DONE);
                return;
            }
            throw new AmqpException(ReplyCode.NOT_FOUND, "no vhost '" + job.vhost() + "'");
        }
        switch (job.command()) {
            case DefinitionCommand.DeclareExchange c -> declare(topology, c, job.reply());
            case DefinitionCommand.DeleteExchange c -> delete(topology, c, job.reply());
            case DefinitionCommand.DeclareQueue c -> declare(topology, c, job.reply());
            case DefinitionCommand.ForgetQueue c -> forget(topology, c.queue(), job.reply());
            case DefinitionCommand.ForgetExchange c -> forget(topology, c.exchange(), job.reply());
            case DefinitionCommand.Bind c -> bind(topology, c, job.reply());
            case DefinitionCommand.Unbind c -> unbind(topology, c, job.reply());
            case DefinitionCommand.Set c -> throw new IllegalStateException("command: " + c);
        }
    }

    /** Applies and answers once the effect is durable; at once where it need not be. */
    private void commit(
            Topology topology,
            Effect.OnDefinitions effect,
            boolean durable,
            Supplier<List<Exchange>> apply,
            Result result,
            Consumer<Result> reply) {
        commit(Writable.in(topology, effect), durable, new Pending(apply, result, reply));
    }

    /** Commits the deletion of what is gone already: where it cannot be stored it is applied all the same, and stored before anything else. */
    private void commitGone(
            Topology topology,
            Effect.OnDefinitions effect,
            boolean durable,
            Supplier<List<Exchange>> apply,
            Consumer<Result> reply) {
        Effect.OnDefinitions deletion = Writable.in(topology, effect);
        Runnable later = () -> {
            storing.owe(new Storing.Owed(deletion, () -> reply.accept(Result.DONE)));
            finish(new Pending(apply, Result.DONE, applied -> {}));
        };
        if (durable && storing.fails()) {
            later.run();
            return;
        }
        commit(deletion, durable, new Pending(apply, Result.DONE, result -> {
            if (result.error() == null) {
                reply.accept(result);
            } else {
                later.run();
            }
        }));
    }

    private void store(Storing.Owed owed) {
        Consumer<Result> stored = result -> {
            if (result.error() == null) {
                owed.stored().run();
            } else {
                storing.owe(owed);
            }
        };
        commit(owed.effect(), true, new Pending(List::of, Result.DONE, stored));
    }

    private void commit(Effect.OnDefinitions effect, boolean durable, Pending change) {
        Writable.check(effect, durable);
        if (!durable) {
            stream.passing(() -> effect);
            finish(change);
            return;
        }
        storing.check();
        pending = change;
        stream.logged(effect, true);
        stream.flush();
    }

    @Override
    public void durable(long sequence) {
        Pending done = pending;
        pending = null;
        if (done != null) {
            finish(done);
        }
        work();
    }

    @Override
    public void full(IOException cause) {
        AmqpException refusal = storing.failed(cause);
        Pending lost = pending;
        pending = null;
        if (lost != null) {
            lost.reply().accept(new Result(refusal, null));
        }
        work();
    }

    @Override
    public void failed(IOException cause) {
        full(cause);
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

    private void declare(Topology topology, DefinitionCommand.DeclareExchange c, Consumer<Result> reply) {
        Exchange known = topology.exchange(c.name());
        if (known != null) {
            Equivalence.check(known, c);
            reply.accept(Result.DONE);
            return;
        }
        ExchangeType type = Equivalence.type(c);
        if (type == ExchangeType.DELAYED && topology.queue(Topology.delayQueue(c.name())) == null) {
            declareDelayQueue(topology, c, reply);
            return;
        }
        Exchange exchange = new Exchange(
                topology.vhost(), c.name(), type, c.durable(), c.autoDelete(), c.internal(), c.arguments());
        commit(
                topology,
                new Effect.ExchangeDeclared(c.name(), c.type(), c.autoDelete(), c.internal(), c.arguments()),
                c.durable(),
                () -> {
                    policies.apply(exchange);
                    topology.add(exchange);
                    return List.of();
                },
                Result.DONE,
                reply);
    }

    private void delete(Topology topology, DefinitionCommand.DeleteExchange c, Consumer<Result> reply) {
        Exchange exchange = topology.exchange(c.name());
        if (exchange == null) {
            reply.accept(Result.DONE);
            return;
        }
        if (c.ifUnused() && exchange.bound()) {
            throw new AmqpException(ReplyCode.PRECONDITION_FAILED, exchange + " in use");
        }
        commit(
                topology,
                new Effect.ExchangeDeleted(c.name()),
                exchange.durable(),
                () -> topology.remove(exchange),
                Result.DONE,
                result -> dropDelayQueue(topology, exchange, result, reply));
    }

    /** An exchange that lost its last binding, unless it has another by now. */
    private void forget(Topology topology, Exchange exchange, Consumer<Result> reply) {
        if (topology.exchange(exchange.name()) != exchange || exchange.bound()) {
            reply.accept(Result.DONE);
            return;
        }
        commitGone(
                topology,
                new Effect.ExchangeDeleted(exchange.name()),
                exchange.durable(),
                () -> topology.remove(exchange),
                result -> dropDelayQueue(topology, exchange, result, reply));
    }

    /** Before its exchange, so that the exchange never stands without it. */
    private void declareDelayQueue(Topology topology, DefinitionCommand.DeclareExchange c, Consumer<Result> reply) {
        FieldTable arguments = new FieldTable(Map.of(QueueRef.DELAYED_FOR, c.name()));
        declare(
                topology,
                new DefinitionCommand.DeclareQueue(Topology.delayQueue(c.name()), c.durable(), false, null, arguments),
                result -> {
                    if (result.error() != null) {
                        reply.accept(result);
                    } else {
                        jobs.addFirst(new Job(topology.vhost(), c, reply));
                    }
                });
    }

    /** The name is free again before anybody else has a turn. */
    private void dropDelayQueue(Topology topology, Exchange exchange, Result result, Consumer<Result> reply) {
        // None of an exchange that is still there, or was declared anew.
        boolean drops = exchange.type() == ExchangeType.DELAYED && topology.exchange(exchange.name()) == null;
        QueueRef keeps = drops ? topology.queue(Topology.delayQueue(exchange.name())) : null;
        if (keeps == null) {
            reply.accept(result);
            return;
        }
        jobs.addFirst(new Job(topology.vhost(), new DefinitionCommand.ForgetQueue(keeps), forgotten -> {
            shards.get(keeps.shard()).submitLater(List.of(new ShardCommand.Discard(keeps.id(), () -> {})));
            reply.accept(result);
        }));
    }

    private void declare(Topology topology, DefinitionCommand.DeclareQueue c, Consumer<Result> reply) {
        QueueRef known = topology.queue(c.name());
        if (known != null) {
            Equivalence.check(known, c);
            vhosts.churn().queueDeclared(false);
            reply.accept(new Result(null, known));
            return;
        }
        Equivalence.checkType(topology.vhost(), c);
        Equivalence.checkLimit(vhosts, maxQueues);
        long limit = Access.vhostLimit(settings, topology.vhost(), "max-queues");
        Equivalence.checkLimit(topology, c.name(), limit);
        long id = nextQueueId++;
        int shard = Shards.of(topology.vhost(), c.name(), shards.count());
        QueueRef queue = new QueueRef(
                id, topology.vhost(), c.name(), shard, c.durable(), c.autoDelete(), c.owner(), c.arguments());
        commit(
                topology,
                new Effect.QueueDeclared(id, c.name(), c.autoDelete(), c.arguments()),
                queue.survives(),
                () -> {
                    policies.apply(queue);
                    // The shard hears of it before any loop can route to it.
                    shards.get(shard).submitLater(List.of(new ShardCommand.Create(queue)));
                    vhosts.declared(topology, queue);
                    return List.of();
                },
                new Result(null, queue),
                reply);
    }

    private void forget(Topology topology, QueueRef queue, Consumer<Result> reply) {
        boolean known = topology.queue(queue.name()) == queue;
        commitGone(
                topology,
                new Effect.QueueDeleted(queue.id(), queue.name()),
                known && queue.survives(),
                () -> vhosts.deleted(topology, queue),
                reply);
    }

    private void bind(Topology topology, DefinitionCommand.Bind c, Consumer<Result> reply) {
        Exchange source = Ends.source(topology, c.source());
        Destination destination = Ends.destination(topology, c.toQueue(), c.destination(), c.asker());
        Equivalence.checkBinding(source.type(), source, c.routingKey(), c.arguments());
        Binding binding = new Binding(destination, c.routingKey(), c.arguments());
        if (source.has(binding)) {
            reply.accept(Result.DONE);
            return;
        }
        commit(
                topology,
                new Effect.Bound(c.source(), c.toQueue(), c.destination(), c.routingKey(), c.arguments()),
                source.durable() && Ends.survives(destination),
                () -> {
                    topology.bind(source, binding);
                    return List.of();
                },
                Result.DONE,
                reply);
    }

    private void unbind(Topology topology, DefinitionCommand.Unbind c, Consumer<Result> reply) {
        Exchange source = topology.exchange(c.source());
        Destination destination = c.toQueue() ? topology.queue(c.destination()) : topology.exchange(c.destination());
        if (source == null || destination == null) {
            reply.accept(Result.DONE);
            return;
        }
        Binding binding = new Binding(destination, c.routingKey(), c.arguments());
        // Nothing is done to a queue that was not bound, whoever owns it: as in RabbitMQ that is no error.
        if (destination instanceof QueueRef queue && source.has(binding)) {
            Equivalence.checkOwner(queue, c.asker());
        }
        commit(
                topology,
                new Effect.Unbound(c.source(), c.toQueue(), c.destination(), c.routingKey(), c.arguments()),
                source.has(binding) && source.durable() && Ends.survives(destination),
                () -> topology.unbind(source, binding),
                Result.DONE,
                reply);
    }

    private void set(Effect.Setting setting, Consumer<Result> reply) {
        boolean known = settings.get(setting.kind(), setting.key()) != null;
        if (setting.value() == null && !known) {
            reply.accept(Result.DONE);
            return;
        }
        commit(
                setting,
                true,
                new Pending(
                        () -> {
                            settings.apply(setting);
                            applied(setting);
                            return List.of();
                        },
                        Result.DONE,
                        reply));
    }

    private void applied(Effect.Setting setting) {
        switch (setting.kind()) {
            case Settings.VHOST -> {
                if (setting.value() != null) {
                    vhosts.add(setting.key());
                } else {
                    discard(vhosts.remove(setting.key()));
                }
            }
            case Settings.POLICY, Settings.OPERATOR_POLICY -> {
                Topology topology = vhosts.get(Settings.names(setting.key()).getFirst());
                if (topology != null) {
                    policies.apply(
                            topology,
                            queue -> shards.get(queue.shard())
                                    .submitLater(List.of(new ShardCommand.Reconfigure(queue.id()))));
                }
            }
            default -> {}
        }
    }

    private void discard(@Nullable Topology gone) {
        if (gone != null) {
            gone.queues()
                    .forEach(queue -> shards.get(queue.shard())
                            .submitLater(List.of(new ShardCommand.Discard(queue.id(), () -> {}))));
        }
    }

    /** Applies a change and answers, after auto-delete exchanges that lost their last binding by it are gone too. */
    private void finish(Pending change) {
        List<Exchange> emptied = change.apply().get();
        Consumer<Result> reply = result -> change.reply().accept(change.result());
        if (emptied.isEmpty()) {
            reply.accept(change.result());
        }
        for (Exchange exchange : emptied) {
            jobs.addFirst(new Job(exchange.vhost(), new DefinitionCommand.ForgetExchange(exchange), reply));
            // They stand in reverse order: the first one here is deleted, and answers, last.
            reply = result -> {};
        }
    }
}
