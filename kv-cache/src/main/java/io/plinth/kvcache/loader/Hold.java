package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.wire.Args;

/** Owned by the client's loop: a command that was held back. To its client it is one that blocks. */
abstract class Hold implements Blocked {
    private static final int RETRY_MILLIS = 2;

    private final CommandExecutor executor;
    private final Client client;
    private final Args args;
    private final ReplyMode replies;

    /** {@code args} are copied. */
    Hold(CommandExecutor executor, Client client, Args args) {
        this.executor = executor;
        this.client = client;
        this.args = args.copy();
        // What SKIP said is used up by the time the command runs.
        this.replies = client.replyMode() == ReplyMode.SKIP_NEXT ? ReplyMode.SKIP : client.replyMode();
    }

    Client client() {
        return client;
    }

    CommandExecutor executor() {
        return executor;
    }

    Args args() {
        return args;
    }

    void hold() {
        client.blocked(this);
    }

    boolean holding() {
        return this.equals(client.blocked());
    }

    /** The command runs; then those behind it. */
    void release() {
        client.blocked(null);
        if (client.closing()) {
            over("gone");
            return;
        }
        client.replyMode(replies);
        String error;
        try {
            error = executor.release(client, args);
        } catch (RuntimeException | Error e) {
            client.abort();
            over("broken");
            throw e;
        }
        if (error == null) {
            client.blocked(this);
            client.outlet().schedule(RETRY_MILLIS, () -> {
                // Also where the client went meanwhile: others wait for it to be over.
                if (holding() || client.closing()) {
                    release();
                }
            });
            return;
        }
        over(error);
        client.outlet().unblocked();
    }

    /** What it did not take goes back: it may have begun to come before its key was held back. */
    private void over(String error) {
        args.release();
        ran(error);
    }

    /** The command ran: with what error, {@code gone} where the client is no more, empty where it was done. */
    void ran(String error) {}

    /** The command does not run. */
    void refuse(String error) {
        args.release();
        client.blocked(null);
        if (client.closing()) {
            return;
        }
        if (replies == ReplyMode.ON) {
            client.out().error(error);
        }
        client.outlet().unblocked();
    }

    /** CLIENT UNBLOCK does not end it. */
    @Override
    public boolean end(boolean error) {
        return false;
    }

    @Override
    public void abandon() {
        client.blocked(null);
    }
}
