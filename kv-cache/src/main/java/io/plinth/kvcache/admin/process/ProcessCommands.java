package io.plinth.kvcache.admin.process;

import static io.plinth.kvcache.command.Command.Flag.PROTECTED;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.ConnectionCommands;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.persist.Persistence;
import java.util.Locale;
import java.util.function.Supplier;

/** SHUTDOWN, MONITOR, WAIT, MODULE and the like. */
public final class ProcessCommands {
    private final Supplier<Persistence> persistence;
    private final Runnable stop;
    private final String journal;

    private ProcessCommands(Supplier<Persistence> persistence, Runnable stop, String journal) {
        this.persistence = persistence;
        this.stop = stop;
        this.journal = journal;
    }

    /**
     * Adds them.
     *
     * @param stop ends the node as a signal does: what was read is answered first
     * @param journal off, everysec or always
     */
    public static void register(
            CommandTable.Builder to, Supplier<Persistence> persistence, Runnable stop, String journal) {
        ProcessCommands commands = new ProcessCommands(persistence, stop, journal);
        to.add("shutdown", "Stops the node.", commands::shutdown);
        to.add("monitor", "Shows every command that clients send.", call -> {
            if (!call.mayBlock()) {
                throw new CommandException("ERR MONITOR isn't allowed for DENY BLOCKING client");
            }
            call.node().stats().monitors().add(call.client());
            call.out().ok();
        });
        to.add("wait", "Waits for copies of the writes so far; there are none.", commands::await);
        to.add("waitaof", "Waits until the writes so far are on disk.", commands::awaitDisk);
        to.add("module", PROTECTED, "Lists modules; there are none.", ProcessCommands::module);
        to.add("lolwut", "Shows the version.", call -> {
            call.out().verbatim("Redis ver. " + ConnectionCommands.REDIS_VERSION + "\n");
        });
        to.add("failover", "Hands over to a replica; there are none.", ProcessCommands::failover);
        refuse(to, "migrate", "keys cannot be sent from this node (expected: DUMP here and RESTORE there)");
        refuse(to, "restore-asking", "slots do not move between nodes (expected: RESTORE)");
    }

    /** Known to ACL and COMMAND, and refused in words. */
    private static void refuse(CommandTable.Builder to, String name, String why) {
        to.add(name, "Not on this node.", call -> {
            throw new CommandException("ERR " + name.toUpperCase(Locale.ROOT) + ": " + why);
        });
    }

    private void shutdown(Call call) {
        boolean save = false;
        boolean nothing = false;
        boolean abort = false;
        boolean other = false;
        for (int i = 1; i < call.count(); i++) {
            switch (call.text(i).toUpperCase(Locale.ROOT)) {
                case "SAVE" -> save = true;
                case "NOSAVE" -> nothing = true;
                case "NOW", "FORCE" -> other = true;
                case "ABORT" -> abort = true;
                default -> throw CommandException.syntax();
            }
        }
        if ((abort && (save || nothing || other)) || (save && nothing)) {
            throw CommandException.syntax();
        }
        if (abort) {
            throw new CommandException("ERR No shutdown in progress.");
        }
        persistence.get().atStop(save, nothing);
        stop.run();
    }

    /** There are no copies to wait for, so nobody waits, whatever the time. */
    private void await(Call call) {
        call.integer(1);
        timeout(call, 2);
        call.out().integer(0);
    }

    /** In {@code always} this reply itself waits for the disk; in {@code everysec} nothing says yet that it is there. */
    private void awaitDisk(Call call) {
        long local = call.integer(1);
        if (local < 0 || local > 1) {
            throw new CommandException("ERR value is out of range, must be between 0 and 1");
        }
        if (call.integer(2) < 0) {
            throw new CommandException("ERR value is out of range, must be positive");
        }
        timeout(call, 3);
        if (local == 1 && journal.equals("off")) {
            throw new CommandException("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
        }
        call.out().array(2);
        call.out().integer(journal.equals("always") ? 1 : 0);
        call.out().integer(0);
    }

    private static void timeout(Call call, int at) {
        long millis = call.integer(at, Long.MIN_VALUE, Long.MAX_VALUE, "timeout is not an integer or out of range");
        if (millis < 0) {
            throw new CommandException("ERR timeout is negative");
        }
    }

    private static void module(Call call) {
        if (call.args().is(1, "LIST")) {
            call.out().array(0);
        } else {
            Help.write(call);
        }
    }

    private static void failover(Call call) {
        if (call.node().topology().get().clustered()) {
            throw new CommandException("ERR FAILOVER not allowed in cluster mode.");
        }
        boolean abort = call.count() == 2 && call.args().is(1, "ABORT");
        throw new CommandException(
                abort ? "ERR No failover in progress." : "ERR FAILOVER requires connected replicas.");
    }
}
