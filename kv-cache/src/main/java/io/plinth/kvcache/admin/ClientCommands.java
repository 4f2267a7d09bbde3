package io.plinth.kvcache.admin;

import static io.plinth.kvcache.command.Command.Flag.CONNECTION;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.STALE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.ConnectionCommands;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ClientLine;
import io.plinth.kvcache.session.ReplyMode;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;

/** CLIENT. */
public final class ClientCommands {
    private static final Set<String> TYPES = Set.of("normal", "master", "replica", "slave", "pubsub");

    private ClientCommands() {}

    /** Adds it. */
    public static void register(CommandTable.Builder to) {
        to.group("connection", CONNECTION);
        to.add("client", -2, NOSCRIPT | LOADING | STALE, "Shows and changes connections.", ClientCommands::client);
        to.subcommands(
                "client",
                "id 2",
                "getname 2",
                "setname 3",
                "setinfo 4",
                "info 2",
                "list -2",
                "kill -3",
                "no-evict 3",
                "no-touch 3",
                "reply 3",
                "pause -3",
                "unblock -3",
                "unpause 2",
                "tracking -3",
                "trackinginfo 2",
                "caching 3",
                "getredir 2");
    }

    private static void client(Call call) {
        Client client = call.client();
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "ID" -> {
                call.out().integer(client.id());
            }
            case "GETNAME" -> {
                call.out().bulkOrNull(client.name().isEmpty() ? null : latin(client.name()));
            }
            case "SETNAME" -> {
                client.name(ConnectionCommands.name(call, 2));
                call.out().ok();
            }
            case "SETINFO" -> setInfo(call);
            case "INFO" -> {
                call.out().verbatim(line(call, client));
            }
            case "LIST" -> list(call);
            case "KILL" -> kill(call);
            case "NO-EVICT" -> {
                client.noEvict(onOff(call));
                call.out().ok();
            }
            case "NO-TOUCH" -> {
                client.noTouch(onOff(call));
                call.out().ok();
            }
            case "TRACKING" -> TrackingCommands.tracking(call);
            case "TRACKINGINFO" -> TrackingCommands.info(call);
            case "CACHING" -> TrackingCommands.caching(call);
            case "GETREDIR" -> call.out().integer(ClientLine.redirect(client));
            case "UNBLOCK" -> unblock(call);
            case "REPLY" -> reply(call);
            case "PAUSE" -> pause(call);
            case "UNPAUSE" -> {
                call.node().clients().unpause();
                call.out().ok();
            }
            case "HELP" -> Help.write(call);
            default -> throw CommandException.subcommand(call.text(1), "CLIENT");
        }
    }

    private static byte[] latin(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    }

    private static boolean onOff(Call call) {
        if (call.args().is(2, "ON")) {
            return true;
        }
        if (call.args().is(2, "OFF")) {
            return false;
        }
        throw CommandException.syntax();
    }

    private static void setInfo(Call call) {
        String value = call.text(3);
        if (!value.chars().allMatch(c -> c > ' ' && c <= '~')) {
            throw new CommandException("ERR " + call.text(2).toLowerCase(Locale.ROOT)
                    + " cannot contain spaces, newlines or special characters.");
        }
        if (call.args().is(2, "LIB-NAME")) {
            call.client().libraryName(value);
        } else if (call.args().is(2, "LIB-VER")) {
            call.client().libraryVersion(value);
        } else {
            throw new CommandException("ERR Unrecognized option '" + clean(call.text(2)) + "'");
        }
        call.out().ok();
    }

    private static String clean(String text) {
        return text.replace('\r', ' ').replace('\n', ' ');
    }

    private static void unblock(Call call) {
        boolean error = call.count() == 4 && call.args().is(3, "ERROR");
        if (call.count() == 4 && !error && !call.args().is(3, "TIMEOUT")) {
            throw new CommandException("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        }
        long id = call.integer(2);
        Blocked blocked = null;
        for (Client client : call.node().clients().all()) {
            if (client.id() == id) {
                blocked = client.blocked();
            }
        }
        call.out().integer(blocked != null && blocked.end(error) ? 1 : 0);
    }

    private static void reply(Call call) {
        Client client = call.client();
        if (call.args().is(2, "ON")) {
            // SKIP of the same transaction stays, for the command behind it.
            client.replyMode(client.replyMode() == ReplyMode.SKIP_NEXT ? ReplyMode.SKIP_NEXT : ReplyMode.ON);
            call.out().ok();
        } else if (call.args().is(2, "OFF")) {
            client.replyMode(ReplyMode.OFF);
        } else if (call.args().is(2, "SKIP")) {
            if (client.replyMode() != ReplyMode.OFF) {
                client.replyMode(ReplyMode.SKIP_NEXT);
            }
        } else {
            throw CommandException.syntax();
        }
    }

    private static void pause(Call call) {
        boolean writes = call.count() == 4 && call.args().is(3, "WRITE");
        if (call.count() > 4) {
            throw CommandException.form(call.text(1), "CLIENT");
        }
        if (call.count() == 4 && !writes && !call.args().is(3, "ALL")) {
            throw new CommandException("ERR CLIENT PAUSE mode must be WRITE or ALL");
        }
        long millis;
        try {
            millis = call.integer(2);
        } catch (CommandException e) {
            throw new CommandException("ERR timeout is not an integer or out of range");
        }
        if (millis < 0) {
            throw new CommandException("ERR timeout is negative");
        }
        call.node().clients().pause(Math.min(Long.MAX_VALUE - call.now(), millis) + call.now(), writes);
        call.out().ok();
    }

    private static void list(Call call) {
        StringBuilder text = new StringBuilder();
        if (call.count() > 3 && call.args().is(2, "ID")) {
            for (int i = 3; i < call.count(); i++) {
                Client client = call.node().clients().find(number(call, i, "ERR Invalid client ID"));
                text.append(client == null ? "" : line(call, client));
            }
        } else if (call.count() == 2 || (call.count() == 4 && call.args().is(2, "TYPE"))) {
            Predicate<Client> shown = call.count() == 2 ? client -> true : type(call, 3);
            call.node().clients().all().stream().filter(shown).forEach(client -> text.append(line(call, client)));
        } else {
            throw CommandException.syntax();
        }
        call.out().verbatim(text.toString());
    }

    private static long number(Call call, int arg, String error) {
        try {
            return call.integer(arg);
        } catch (CommandException e) {
            throw new CommandException(error);
        }
    }

    private static long id(Call call, int arg, String error) {
        long id = number(call, arg, error);
        if (id <= 0) {
            throw new CommandException(error);
        }
        return id;
    }

    private static Predicate<Client> type(Call call, int arg) {
        String type = call.text(arg).toLowerCase(Locale.ROOT);
        if (!TYPES.contains(type)) {
            throw new CommandException("ERR Unknown client type '" + clean(call.text(arg)) + "'");
        }
        return client -> switch (type) {
            case "normal" -> !subscribed(client);
            case "pubsub" -> subscribed(client);
            default -> false;
        };
    }

    private static boolean subscribed(Client client) {
        return client.subscriptions() + client.shardChannels().size() > 0;
    }

    private static void kill(Call call) {
        List<Client> all = call.node().clients().all();
        if (call.count() == 3) {
            String address = call.text(2);
            Client victim = all.stream()
                    .filter(client -> client.address().equals(address))
                    .findFirst()
                    .orElseThrow(() -> new CommandException("ERR No such client"));
            end(call, victim);
            call.out().ok();
            return;
        }
        boolean skipMe = true;
        Predicate<Client> chosen = client -> true;
        for (int i = 2; i < call.count(); i += 2) {
            if (i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            String value = call.text(i + 1);
            switch (call.text(i).toUpperCase(Locale.ROOT)) {
                case "ID" -> {
                    long id = id(call, i + 1, "ERR client-id should be greater than 0");
                    chosen = chosen.and(client -> client.id() == id);
                }
                case "TYPE" -> chosen = chosen.and(type(call, i + 1));
                case "ADDR" -> chosen = chosen.and(client -> client.address().equals(value));
                case "LADDR" ->
                    chosen = chosen.and(client -> client.localAddress().equals(value));
                case "USER" -> {
                    if (call.node().settings().users().find(value) == null) {
                        throw new CommandException("ERR No such user '" + CommandException.clean(value) + "'");
                    }
                    chosen = chosen.and(client -> value.equals(user(call, client)));
                }
                case "SKIPME" -> {
                    if (!call.args().is(i + 1, "YES") && !call.args().is(i + 1, "NO")) {
                        throw CommandException.syntax();
                    }
                    skipMe = call.args().is(i + 1, "YES");
                }
                default -> throw CommandException.syntax();
            }
        }
        int killed = 0;
        for (Client client : all) {
            if (chosen.test(client) && !(skipMe && client.id() == call.client().id())) {
                end(call, client);
                killed++;
            }
        }
        call.out().integer(killed);
    }

    /** Oneself gets the answer first. */
    private static void end(Call call, Client victim) {
        if (victim.id() == call.client().id()) {
            victim.close();
        } else {
            victim.abort();
        }
    }

    private static String user(Call call, Client client) {
        return call.node().settings().users().of(client.user()).name();
    }

    private static String line(Call call, Client client) {
        return ClientLine.of(client, user(call, client), call.now()) + "\n";
    }
}
