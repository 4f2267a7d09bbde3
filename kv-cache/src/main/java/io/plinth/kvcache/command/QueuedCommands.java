package io.plinth.kvcache.command;

import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.session.Transaction;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ReplyWriter;

/** Owned by one event loop: EXEC's commands, run with all their segments locked, so that they count together or not at all. */
final class QueuedCommands {
    private final NodeState node;
    private final CommandTable table;
    private final CommandExecutor executor;
    private final SegmentSet segments = new SegmentSet();

    QueuedCommands(NodeState node, CommandTable table, CommandExecutor executor) {
        this.node = node;
        this.table = table;
        this.executor = executor;
    }

    /** Runs them; a null when a watched key changed. */
    void run(Client client, Transaction transaction, long nowMillis) {
        if (any(transaction, Flag.SCRIPT | Flag.EVERYTHING)) {
            // A script may need more segments when commands before it have had their effects; and one may exchange
            // databases.
            node.keyspace().turn().take();
            try {
                locked(client, transaction, nowMillis);
            } finally {
                node.keyspace().turn().give();
            }
        } else {
            locked(client, transaction, nowMillis);
        }
    }

    private boolean any(Transaction transaction, int flag) {
        return transaction.queued().stream().map(table::find).anyMatch(command -> command != null && command.is(flag));
    }

    private void locked(Client client, Transaction transaction, long nowMillis) {
        for (Args args : transaction.queued()) {
            Command command = table.find(args);
            if (command != null && command.is(Flag.EVERYTHING)) {
                segments.addAll();
            } else if (command != null && !command.is(Flag.CHANNELS)) {
                command.segments(args, segments);
            }
        }
        client.watcher().segments(segments);
        segments.lock(node.keyspace());
        try {
            executor.notExchanged(client);
            client.watcher().expire(node.keyspace(), nowMillis);
            if (client.watcher().invalid()) {
                client.out().nullArray();
                return;
            }
            segments.unit(node.keyspace(), node.keyspace().nextUnit());
            together(client, transaction, nowMillis);
        } finally {
            segments.unit(node.keyspace(), 0);
            segments.unlock(node.keyspace());
        }
    }

    private void together(Client client, Transaction transaction, long nowMillis) {
        ReplyWriter out = client.out();
        Silence silence = new Silence(client);
        out.array(transaction.queued().size());
        silence.ran();
        for (Args args : transaction.queued()) {
            Command command = table.find(args);
            if (command == null) {
                continue;
            }
            // What MULTI accepted may not be allowed any more.
            String refusal = Permissions.changed(node, client, command, args);
            if (refusal != null) {
                out.error(refusal);
            } else {
                executor.runQueued(command, client, args, nowMillis);
            }
            silence.ran();
        }
        executor.served(segments, nowMillis);
        executor.silenced();
    }

    /** CLIENT REPLY within a transaction: as in Redis what was written before OFF is sent, and what comes behind ON. */
    private static final class Silence {
        private final Client client;
        private boolean silent;
        private ReplyMode before;
        private int mark;

        Silence(Client client) {
            this.client = client;
            this.before = client.replyMode();
            this.silent = before == ReplyMode.OFF || before == ReplyMode.SKIP;
            this.mark = client.out().size();
        }

        /** A command has run, or the transaction's head is written: drops it where nothing is to be sent. */
        void ran() {
            ReplyMode now = client.replyMode();
            if (now != before) {
                silent = now == ReplyMode.OFF || (silent && now != ReplyMode.ON);
            }
            before = now;
            if (silent) {
                client.out().rewind(mark);
            }
            mark = client.out().size();
        }
    }
}
