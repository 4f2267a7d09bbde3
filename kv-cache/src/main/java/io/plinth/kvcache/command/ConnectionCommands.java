package io.plinth.kvcache.command;

import static io.plinth.kvcache.command.Command.Flag.CONNECTION;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.IN_MULTI;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.NO_AUTH;
import static io.plinth.kvcache.command.Command.Flag.STALE;
import static io.plinth.kvcache.command.Command.Flag.WHILE_SUBSCRIBED;

import io.plinth.kvcache.acl.UserRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.Locale;
import java.util.regex.Pattern;

/** What a connection says about itself: greeting, password, database. */
public final class ConnectionCommands {
    /** The version whose behaviour clients may expect. */
    public static final String REDIS_VERSION = "7.2.4";

    private static final byte[] NOTHING = new byte[0];
    private static final Pattern PRINTABLE = Pattern.compile("[!-~]*");

    private ConnectionCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int flags = NOSCRIPT | LOADING | STALE | FAST;
        to.group("connection", CONNECTION);
        to.add("ping", -1, FAST | WHILE_SUBSCRIBED, "Answers PONG.", ConnectionCommands::ping);
        to.add(
                "echo",
                2,
                LOADING | STALE | FAST,
                "Returns its argument.",
                call -> call.out().bulk(call.bytes(1)));
        to.add("quit", -1, flags | NO_AUTH | IN_MULTI | WHILE_SUBSCRIBED, "Closes the connection.", call -> {
            call.out().ok();
            call.client().close();
        });
        to.add("select", 2, LOADING | STALE | FAST, "Changes the database.", ConnectionCommands::select);
        to.add("auth", -2, flags | NO_AUTH, "Authenticates.", ConnectionCommands::auth);
        to.add("hello", -1, flags | NO_AUTH, "Chooses the protocol.", ConnectionCommands::hello);
        to.add(
                "reset",
                1,
                flags | NO_AUTH | IN_MULTI | WHILE_SUBSCRIBED,
                "Resets the connection.",
                ConnectionCommands::reset);
    }

    private static void ping(Call call) {
        if (call.count() > 2) {
            throw CommandException.arity("ping");
        }
        ReplyWriter out = call.out();
        if (call.client().confined()) {
            out.array(2);
            out.bulk("pong");
            out.bulk(call.count() == 2 ? call.bytes(1) : NOTHING);
        } else if (call.count() == 2) {
            out.bulk(call.bytes(1));
        } else {
            out.pong();
        }
    }

    private static void select(Call call) {
        int db = call.small(1);
        if (db != 0 && call.node().topology().get().clustered()) {
            throw new CommandException("ERR SELECT is not allowed in cluster mode");
        }
        if (db < 0 || db >= Keyspace.DATABASES) {
            throw new CommandException("ERR DB index is out of range");
        }
        call.client().database(db);
        call.out().ok();
    }

    private static void auth(Call call) {
        if (call.count() > 3) {
            throw CommandException.syntax();
        }
        if (call.count() == 2
                && call.node().settings().users().standard().user().noPassword()) {
            throw new CommandException(
                    "ERR AUTH <password> called without any password configured for the default user."
                            + " Are you sure your configuration is correct?");
        }
        String user = call.count() == 3 ? call.text(1) : "default";
        authenticate(call, user, call.count() - 1);
        call.out().ok();
    }

    private static void authenticate(Call call, String user, int passwordArg) {
        UserRef known = call.node().settings().users().authenticate(user, call.bytes(passwordArg));
        if (known == null) {
            Permissions.refused(call.node(), call.client(), user, call.text(0).toUpperCase(Locale.ROOT));
            throw new CommandException("WRONGPASS invalid username-password pair or user is disabled.");
        }
        call.client().user(known);
        call.client().authenticated(true);
    }

    private static void hello(Call call) {
        int protocol = call.out().protocol();
        int next = 1;
        if (call.count() > 1) {
            long version = Numbers.parse(
                    call.args().buffer(), call.args().offset(1), call.args().length(1));
            if (version == Numbers.INVALID) {
                throw new CommandException("ERR Protocol version is not an integer or out of range");
            }
            if (version != 2 && version != 3) {
                throw new CommandException("NOPROTO unsupported protocol version");
            }
            protocol = (int) version;
            next = 2;
        }
        String name = null;
        for (int i = next; i < call.count(); i++) {
            if (call.args().is(i, "AUTH") && i + 2 < call.count()) {
                authenticate(call, call.text(i + 1), i + 2);
                i += 2;
            } else if (call.args().is(i, "SETNAME") && i + 1 < call.count()) {
                name = name(call, i + 1);
                i++;
            } else {
                throw new CommandException(
                        "ERR Syntax error in HELLO option '" + CommandException.clean(call.text(i)) + "'");
            }
        }
        if (!call.client().authenticated() && !call.node().settings().users().open()) {
            throw new CommandException(
                    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto>"
                            + " AUTH <user> <pass> option can be used to authenticate the client and select the RESP"
                            + " protocol version at the same time");
        }
        if (name != null) {
            call.client().name(name);
        }
        call.out().protocol(protocol);
        greet(call);
    }

    /** A client's name, checked as Redis does. */
    public static String name(Call call, int arg) {
        String name = call.text(arg);
        if (!PRINTABLE.matcher(name).matches()) {
            throw new CommandException("ERR Client names cannot contain spaces, newlines or special characters.");
        }
        return name;
    }

    private static void greet(Call call) {
        ReplyWriter out = call.out();
        out.map(7);
        out.bulk("server");
        out.bulk("redis");
        out.bulk("version");
        out.bulk(REDIS_VERSION);
        out.bulk("proto");
        out.integer(out.protocol());
        out.bulk("id");
        out.integer(call.client().id());
        out.bulk("mode");
        out.bulk(call.node().topology().get().clustered() ? "cluster" : "standalone");
        out.bulk("role");
        out.bulk("master");
        out.bulk("modules");
        out.array(0);
    }

    private static void reset(Call call) {
        Client client = call.client();
        client.end();
        call.node().pubSub().unsubscribeAll(client);
        call.node().tracking().off(client);
        call.node().stats().monitors().remove(client);
        client.database(0);
        client.debugsScripts(false);
        client.name("");
        client.replyMode(ReplyMode.ON);
        client.noEvict(false);
        client.noTouch(false);
        client.authenticated(call.node().settings().users().open());
        client.user(null);
        client.out().protocol(2);
        call.out().simple("RESET");
    }
}
