package io.plinth.kvcache.command;

import static io.plinth.kvcache.command.Command.Flag.EXEC;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.IN_MULTI;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.LOCKS_ITSELF;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.STALE;
import static io.plinth.kvcache.command.Command.Flag.TRANSACTION;

import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Transaction;

/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. */
public final class TransactionCommands {
    private static final int MAX_WATCHED = 10_000;
    private static final int[] KEYS = {1, -1, 1};

    private TransactionCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int flags = NOSCRIPT | LOADING | STALE;
        to.group("transactions", TRANSACTION);
        to.add("multi", 1, flags | FAST | IN_MULTI, "Starts a transaction.", TransactionCommands::multi);
        to.add("exec", 1, flags | IN_MULTI | EXEC, "Runs the queued commands.", TransactionCommands::exec);
        to.add("discard", 1, flags | FAST | IN_MULTI, "Forgets the queued commands.", TransactionCommands::discard);
        to.add(
                "watch",
                -2,
                flags | FAST | IN_MULTI | LOCKS_ITSELF,
                KEYS,
                "Makes EXEC fail when one of the keys changes.",
                TransactionCommands::watch);
        to.add("unwatch", 1, flags | FAST, "Forgets the watched keys.", call -> {
            call.client().watcher().clear();
            call.out().ok();
        });
    }

    private static void multi(Call call) {
        if (call.client().transaction() != null) {
            throw new CommandException("ERR MULTI calls can not be nested");
        }
        call.client().begin();
        call.out().ok();
    }

    private static void exec(Call call) {
        Client client = call.client();
        Transaction transaction = client.transaction();
        if (transaction == null) {
            throw new CommandException("ERR EXEC without MULTI");
        }
        boolean held = false;
        try {
            if (transaction.failed()) {
                throw new CommandException("EXECABORT Transaction discarded because of previous errors.");
            }
            call.executor().executeQueued(client, transaction, call.now());
        } catch (SegmentsHeldException e) {
            held = true;
            throw e;
        } finally {
            if (!held) {
                client.end();
            }
        }
    }

    private static void discard(Call call) {
        if (call.client().transaction() == null) {
            throw new CommandException("ERR DISCARD without MULTI");
        }
        call.client().end();
        call.out().ok();
    }

    private static void watch(Call call) {
        Client client = call.client();
        if (client.transaction() != null) {
            throw new CommandException("ERR WATCH inside MULTI is not allowed");
        }
        if (client.watcher().size() + call.count() - 1 > MAX_WATCHED) {
            throw new CommandException("ERR too many watched keys (expected: at most " + MAX_WATCHED + ")");
        }
        for (int i = 1; i < call.count(); i++) {
            client.watcher().watch(call.keyspace(), client.database(), call.key(i), call.now());
        }
        call.out().ok();
    }
}
