package io.plinth.mqbroker.management;

import io.plinth.mqbroker.auth.Permissions;
import io.plinth.mqbroker.definition.DefinitionCommand;
import io.plinth.mqbroker.definition.Definitions;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.flow.DeliveryWindow;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.queue.ChannelHandle;
import io.plinth.mqbroker.queue.Outbox;
import io.plinth.mqbroker.queue.Outlet;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.ShardEvent;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a request wants of the definitions' loop and the shards, as stages that end when it is durable or done. */
final class Changes {
    private static final Logger LOG = LoggerFactory.getLogger(Changes.class);

    private final Broker broker;
    private final Executor worker;

    Changes(Broker broker, Executor worker) {
        this.broker = broker;
        this.worker = worker;
    }

    /** Goes on with a request off the loops: what it does next must not happen within a shard's turn. */
    void later(Runnable work) {
        try {
            worker.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("the broker stops", e);
        }
    }

    Broker broker() {
        return broker;
    }

    Settings settings() {
        return broker.definitions().settings();
    }

    /** The virtual host's definitions. */
    Topology topology(String vhost) {
        Topology topology = broker.vhosts().get(vhost);
        if (topology == null) {
            throw ApiException.notFound();
        }
        return topology;
    }

    QueueRef queue(ApiCall call) {
        QueueRef queue = topology(call.vhost()).queue(call.name("name"));
        if (queue == null) {
            throw ApiException.notFound();
        }
        return queue;
    }

    /** What the user of a request may do in a virtual host. */
    Permissions permissions(ApiCall call, String vhost) {
        return new Permissions(broker.access(), call.user().name(), vhost);
    }

    CompletionStage<Definitions.Result> define(String vhost, DefinitionCommand command) {
        CompletableFuture<Definitions.Result> done = new CompletableFuture<>();
        broker.definitions()
                .submit(
                        vhost,
                        command,
                        result -> later(() -> {
                            AmqpException error = result.error();
                            if (error != null) {
                                done.completeExceptionally(error);
                            } else {
                                done.complete(result);
                            }
                        }));
        return done;
    }

    /** Sets, or with null takes away, a setting. */
    CompletionStage<Definitions.Result> set(String kind, String key, @Nullable FieldTable value) {
        return define("/", new DefinitionCommand.Set(new Effect.Setting(kind, key, value)));
    }

    /** Refuses names no setting can have. */
    static String clean(String name) {
        if (name.indexOf(0) >= 0 || name.length() > 255) {
            throw ApiException.badRequest(
                    "name: " + name.length() + " characters (expected: at most 255, none of them NUL)");
        }
        return name;
    }

    /** A channel without a socket, for one request. */
    final class Client implements Outlet {
        private final DeliveryWindow window = new DeliveryWindow(Long.MAX_VALUE);
        private final List<Outbox> outboxes = new ArrayList<>();
        private final ChannelHandle handle = new ChannelHandle(this, 1, new DeliveryWindow(Long.MAX_VALUE));

        Client(int shards) {
            for (int i = 0; i < shards; i++) {
                outboxes.add(new Outbox(this));
            }
        }

        ChannelHandle handle() {
            return handle;
        }

        @Override
        public void accept(List<ShardEvent> events, long releasedBytes) {
            later(() -> {
                for (ShardEvent event : events) {
                    if (event instanceof ShardEvent.Replied replied) {
                        replied.reply().run();
                    }
                }
            });
        }

        @Override
        public DeliveryWindow window() {
            return window;
        }

        @Override
        public Outbox outbox(int shard) {
            return outboxes.get(shard);
        }
    }

    Client client() {
        return new Client(broker.shards().count());
    }

    /** Asks a queue's shard; the command's reply completes the stage. */
    <T extends @Nullable Object> CompletionStage<T> ask(QueueRef queue, Function<Consumer<T>, ShardCommand> command) {
        CompletableFuture<T> done = new CompletableFuture<>();
        tell(queue, command.apply(done::complete));
        return done;
    }

    void tell(QueueRef queue, ShardCommand command) {
        broker.shards().get(queue.shard()).submit(List.of(command));
    }
}
