package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.replica.Replication;
import io.plinth.kvcache.session.AnswerLater;
import io.plinth.kvcache.session.Client;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** REPLICAOF and ROLE: following a Redis to take its place. */
public final class ReplicaCommands {
    private final Supplier<Replication> replication;
    private final IntSupplier ownPort;

    private ReplicaCommands(Supplier<Replication> replication, IntSupplier ownPort) {
        this.replication = replication;
        this.ownPort = ownPort;
    }

    /** Adds them. */
    public static void register(CommandTable.Builder to, Supplier<Replication> replication, IntSupplier ownPort) {
        ReplicaCommands commands = new ReplicaCommands(replication, ownPort);
        to.add("replicaof", "Follows a Redis, or with NO ONE nobody.", commands::follow);
        to.add("slaveof", "Follows a Redis, or with NO ONE nobody.", commands::follow);
        to.add("role", "Returns the node's role.", commands::role);
    }

    private void follow(Call call) {
        if (call.node().topology().get().clustered()) {
            throw new CommandException("ERR REPLICAOF not allowed in cluster mode.");
        }
        if (call.args().is(1, "NO") && call.args().is(2, "ONE")) {
            CompletableFuture<Void> leads = replication.get().lead();
            if (leads.isDone() || !call.mayBlock()) {
                call.out().ok();
            } else {
                Client client = call.client();
                AnswerLater.begin(client, leads, failure -> client.out().ok());
            }
            return;
        }
        String port = call.text(2);
        if (!port.matches("\\d{1,5}") || Integer.parseInt(port) > 65_535) {
            throw new CommandException("ERR Invalid master port");
        }
        boolean already = replication.get().follow(call.text(1), Integer.parseInt(port), ownPort.getAsInt());
        if (already) {
            call.out().simple("OK Already connected to specified master");
        } else {
            call.out().ok();
        }
    }

    private void role(Call call) {
        List<Object> role = replication.get().role();
        if (role == null) {
            call.out().array(3);
            call.out().bulk("master");
            call.out().integer(0);
            call.out().array(0);
            return;
        }
        call.out().array(5);
        call.out().bulk("slave");
        call.out().bulk((String) role.get(0));
        call.out().integer((Integer) role.get(1));
        call.out().bulk((String) role.get(2));
        call.out().integer((Long) role.get(3));
    }
}
