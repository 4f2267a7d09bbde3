package io.plinth.mqbroker.definition;

import io.netty.util.concurrent.EventExecutor;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.exchange.Vhosts;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Settings;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.queue.Shards;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the definitions' loop. What a setting changes in what is there: virtual hosts come and go, queues go by other policies. Of many queues
 * some at a time, so that the loops go on with others meanwhile.
 */
final class SettingEffects {
    /** So many take a fraction of a millisecond. */
    private static final int AT_ONCE = 100;

    private static final long PAUSE_MILLIS = 1;

    private final EventExecutor loop;
    private final Vhosts vhosts;
    private final Policies policies;
    private final Shards shards;

    SettingEffects(EventExecutor loop, Vhosts vhosts, Policies policies, Shards shards) {
        this.loop = loop;
        this.vhosts = vhosts;
        this.policies = policies;
        this.shards = shards;
    }

    /** Has a setting, which stands by now, take effect; {@code done} runs once it has. */
    void of(Effect.Setting setting, Runnable done) {
        switch (setting.kind()) {
            case Settings.VHOST -> {
                if (setting.value() != null) {
                    vhosts.add(setting.key());
                    done.run();
                } else {
                    discard(vhosts.remove(setting.key()), done);
                }
            }
            case Settings.POLICY, Settings.OPERATOR_POLICY -> {
                Topology topology = vhosts.get(Settings.names(setting.key()).getFirst());
                if (topology == null) {
                    done.run();
                    return;
                }
                topology.exchanges().forEach(policies::apply);
                some(
                        topology.queues().iterator(),
                        queue -> policies.apply(queue) ? new ShardCommand.Reconfigure(queue.id()) : null,
                        done);
            }
            default -> done.run();
        }
    }

    private void discard(@Nullable Topology gone, Runnable done) {
        if (gone != null) {
            some(gone.queues().iterator(), queue -> new ShardCommand.Discard(queue.id(), () -> {}), () -> {});
        }
        done.run();
    }

    /** Tells the shards what is for the next queues, then goes on behind a pause. */
    private void some(Iterator<QueueRef> queues, Function<QueueRef, @Nullable ShardCommand> command, Runnable done) {
        List<List<ShardCommand>> byShard = new ArrayList<>();
        for (int i = 0; i < shards.count(); i++) {
            byShard.add(new ArrayList<>());
        }
        for (int i = 0; i < AT_ONCE && queues.hasNext(); i++) {
            QueueRef queue = queues.next();
            ShardCommand told = command.apply(queue);
            if (told != null) {
                byShard.get(queue.shard()).add(told);
            }
        }
        for (int i = 0; i < byShard.size(); i++) {
            if (!byShard.get(i).isEmpty()) {
                shards.get(i).submitLater(byShard.get(i));
            }
        }
        if (queues.hasNext()) {
            loop.schedule(() -> some(queues, command, done), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        } else {
            done.run();
        }
    }
}
