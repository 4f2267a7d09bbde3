package io.plinth.kvcache.session;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by its client's loop: a command that is answered when something is done. The client waits as for BLPOP; others go on. */
public final class AnswerLater implements Blocked {
    private final Client client;
    private final Consumer<@Nullable Throwable> reply;

    private AnswerLater(Client client, Consumer<@Nullable Throwable> reply) {
        this.client = client;
        this.reply = reply;
    }

    /** Has the client wait; {@code reply} is given the failure, if there was one, and writes. On the client's loop. */
    public static void begin(Client client, CompletableFuture<?> done, Consumer<@Nullable Throwable> reply) {
        AnswerLater waiting = new AnswerLater(client, reply);
        client.blocked(waiting);
        done.whenComplete((result, failure) -> client.outlet().later(() -> waiting.answer(failure)));
    }

    private void answer(@Nullable Throwable failure) {
        if (!this.equals(client.blocked())) {
            return;
        }
        client.blocked(null);
        if (client.replyMode() == ReplyMode.ON) {
            reply.accept(failure);
        }
        client.outlet().unblocked();
    }

    @Override
    public boolean end(boolean error) {
        return false;
    }

    @Override
    public void abandon() {
        client.blocked(null);
    }
}
