package io.plinth.kvcache.primary;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.persist.copy.Copies;
import io.plinth.kvcache.persist.copy.CopyFile;
import io.plinth.kvcache.persist.copy.CopyWish;
import io.plinth.kvcache.replica.Replication;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.CopyTerms;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** SYNC, PSYNC and REPLCONF: a file of all keys for who takes it over the connection, as {@code redis-cli --rdb} does. */
public final class SyncCommands {
    private static final int LONGEST_ADDRESS = 256;

    private final Supplier<Copies> copies;
    private final Supplier<Replication> replication;
    private final LongSupplier nanos;

    private SyncCommands(Supplier<Copies> copies, Supplier<Replication> replication, LongSupplier nanos) {
        this.copies = copies;
        this.replication = replication;
        this.nanos = nanos;
    }

    /** Adds them. */
    public static void register(
            CommandTable.Builder to, Supplier<Copies> copies, Supplier<Replication> replication, LongSupplier nanos) {
        SyncCommands commands = new SyncCommands(copies, replication, nanos);
        to.add("sync", "Sends all keys as a file.", call -> commands.sync(call, false));
        to.add("psync", "Sends all keys as a file.", call -> commands.sync(call, true));
        to.add("replconf", "Says what copy is wanted.", SyncCommands::terms);
    }

    private void sync(Call call, boolean named) {
        Client client = call.client();
        List<Object> role = replication.get().role();
        if (role != null && !"connected".equals(role.get(2))) {
            throw new CommandException("NOMASTERLINK Can't SYNC while not connected with my master");
        }
        if (!call.mayBlock() || client.out().size() > 0 || client.outlet().pending() > 0) {
            throw new CommandException("ERR SYNC and PSYNC are invalid with pending output");
        }
        CopyTerms terms = client.copyTerms();
        if (!(terms.keys() && terms.functions()) && !terms.eof()) {
            throw new CommandException("ERR Filtered replica requires EOF capability");
        }
        if (named) {
            call.integer(2);
        }
        if (terms.follows() && !terms.fileOnly()) {
            throw new CommandException("ERR " + call.text(0).toUpperCase(Locale.ROOT)
                    + ": this node sends no changes behind the file (expected: REPLCONF rdb-only 1, as redis-cli"
                    + " --rdb says)");
        }
        Copies from = copies.get();
        CompletableFuture<CopyFile> file = from.ask(new CopyWish(terms.keys(), terms.functions()));
        if (file == null) {
            throw new CommandException("ERR " + call.text(0).toUpperCase(Locale.ROOT) + ": "
                    + from.settings().most()
                    + " copies at a time (expected: fewer, or a larger kv-cache.persist.copies)");
        }
        if (named) {
            call.out().simple("FULLRESYNC " + call.node().settings().replicationId() + " 0");
        }
        client.copies(true);
        Transfer.begin(client, from, file, nanos);
    }

    private static void terms(Call call) {
        if (call.count() % 2 == 0) {
            throw CommandException.syntax();
        }
        CopyTerms terms = call.client().copyTerms();
        for (int i = 1; i < call.count(); i += 2) {
            switch (call.text(i).toLowerCase(Locale.ROOT)) {
                case "listening-port" -> {
                    call.integer(i + 1);
                    terms = terms.following();
                }
                case "ip-address" -> address(call.args().length(i + 1));
                case "capa" -> terms = call.args().is(i + 1, "EOF") ? terms.withEof() : terms;
                case "rdb-only" -> terms = terms.withFileOnly(yes(call, i + 1));
                case "rdb-filter-only" -> terms = parts(terms, call.text(i + 1));
                case "ack", "getack" -> {
                    // Redis answers neither.
                    return;
                }
                default -> throw new CommandException("ERR Unrecognized REPLCONF option: " + call.text(i));
            }
            call.client().copyTerms(terms);
        }
        call.out().ok();
    }

    private static void address(int length) {
        if (length >= LONGEST_ADDRESS) {
            throw new CommandException(
                    "ERR REPLCONF ip-address provided by replica instance is too long: " + length + " bytes");
        }
    }

    private static boolean yes(Call call, int at) {
        long given = call.integer(at);
        if (given < 0 || given > 1) {
            throw new CommandException("ERR value is out of range, value must between 0 and 1");
        }
        return given == 1;
    }

    /** What is named is wanted, and nothing else. */
    private static CopyTerms parts(CopyTerms terms, String named) {
        boolean functions = false;
        for (String part : named.trim().split("\\s+", -1)) {
            if (part.equalsIgnoreCase("functions")) {
                functions = true;
            } else if (!part.isEmpty() && !part.equals("''") && !part.equals("\"\"")) {
                throw new CommandException("ERR Unsupported rdb-filter-only option: " + part);
            }
        }
        return terms.withParts(false, functions);
    }
}
