package io.plinth.kvcache.admin;

import static io.plinth.kvcache.command.Command.Flag.ADMIN;
import static io.plinth.kvcache.command.Command.Flag.DANGEROUS;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.NO_MULTI;
import static io.plinth.kvcache.command.Command.Flag.STALE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.persist.SaveKind;
import io.plinth.kvcache.persist.snapshot.Snapshots.Saved;
import io.plinth.kvcache.session.AnswerLater;
import io.plinth.kvcache.session.Client;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE: snapshots by command, one at a time. No loop waits for one. */
public final class SaveCommands {
    private static final String SAVES = "ERR Background save already in progress";
    private static final String REWRITES = "ERR Background append only file rewriting already in progress";
    private static final String OTHER =
            "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to"
                    + " schedule a BGSAVE whenever possible.";

    private SaveCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to, Supplier<Persistence> persistence) {
        int admin = ADMIN | NOSCRIPT | DANGEROUS;
        to.add("save", 1, admin | NO_MULTI, "Writes a snapshot and answers when it is there.", call -> {
            save(call, persistence.get());
        });
        to.add("bgsave", -1, admin, "Begins a snapshot.", call -> bgsave(call, persistence.get()));
        to.add("bgrewriteaof", 1, admin, "Has a snapshot take the journal's place.", call -> {
            rewrite(call, persistence.get());
        });
        to.add("lastsave", 1, ADMIN | LOADING | STALE | FAST | DANGEROUS, "When a snapshot was written last.", call -> {
            call.out().integer(persistence.get().lastSaveMillis() / 1000);
        });
    }

    /** In a transaction Redis does not fork: what it asks for comes after it. */
    private static boolean inExec(Call call) {
        return call.client().transaction() != null;
    }

    private static void bgsave(Call call, Persistence persistence) {
        boolean scheduled = call.count() == 2 && call.args().is(1, "SCHEDULE");
        if (call.count() > 1 && !scheduled) {
            throw CommandException.syntax();
        }
        if (persistence.saving() == SaveKind.SAVE) {
            throw new CommandException(SAVES);
        }
        if (!inExec(call) && persistence.begin(SaveKind.SAVE) != null) {
            call.out().simple("Background saving started");
        } else if (scheduled || inExec(call)) {
            persistence.schedule(SaveKind.SAVE);
            call.out().simple("Background saving scheduled");
        } else {
            throw new CommandException(persistence.saving() == SaveKind.SAVE ? SAVES : OTHER);
        }
    }

    private static void rewrite(Call call, Persistence persistence) {
        if (persistence.saving() == SaveKind.REWRITE) {
            throw new CommandException(REWRITES);
        }
        if (!inExec(call) && persistence.begin(SaveKind.REWRITE) != null) {
            call.out().simple("Background append only file rewriting started");
        } else {
            persistence.schedule(SaveKind.REWRITE);
            call.out().simple("Background append only file rewriting scheduled");
        }
    }

    private static void save(Call call, Persistence persistence) {
        CompletableFuture<Saved> begun = persistence.begin(SaveKind.SAVE);
        if (begun == null && persistence.saving() == SaveKind.SAVE) {
            throw new CommandException(SAVES);
        }
        if (begun == null) {
            begun = persistence.next(SaveKind.SAVE);
        }
        Client client = call.client();
        AnswerLater.begin(client, begun, failure -> {
            if (failure == null) {
                client.out().ok();
            } else {
                client.out().error("ERR snapshot: " + CommandException.clean(String.valueOf(failure.getMessage())));
            }
        });
    }
}
