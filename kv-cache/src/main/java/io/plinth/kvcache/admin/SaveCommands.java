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
import io.plinth.kvcache.persist.snapshot.Snapshots.Saved;
import io.plinth.kvcache.session.AnswerLater;
import io.plinth.kvcache.session.Client;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE: snapshots by command. No loop waits for one. */
public final class SaveCommands {
    private static final String BUSY = "ERR Background save already in progress";

    private SaveCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to, Supplier<Persistence> persistence) {
        int admin = ADMIN | NOSCRIPT | DANGEROUS;
        to.add("save", 1, admin | NO_MULTI, "Writes a snapshot and answers when it is there.", call -> {
            save(call, begin(persistence));
        });
        to.add("bgsave", -1, admin, "Begins a snapshot.", call -> {
            boolean scheduled = call.count() == 2 && call.args().is(1, "SCHEDULE");
            if (call.count() > 1 && !scheduled) {
                throw CommandException.syntax();
            }
            begin(persistence);
            call.out().simple("Background saving started");
        });
        to.add("bgrewriteaof", 1, admin, "Has a snapshot take the journal's place.", call -> {
            begin(persistence);
            call.out().simple("Background append only file rewriting started");
        });
        to.add("lastsave", 1, ADMIN | LOADING | STALE | FAST | DANGEROUS, "When a snapshot was written last.", call -> {
            call.out().integer(persistence.get().lastSaveMillis() / 1000);
        });
    }

    private static CompletableFuture<Saved> begin(Supplier<Persistence> persistence) {
        CompletableFuture<Saved> begun = persistence.get().save();
        if (begun == null) {
            throw new CommandException(BUSY);
        }
        return begun;
    }

    private static void save(Call call, CompletableFuture<Saved> begun) {
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
