package io.plinth.kvcache.command;

import io.plinth.kvcache.acl.UserRef;
import io.plinth.kvcache.acl.Users;
import io.plinth.kvcache.acl.Verdict;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ClientLine;
import io.plinth.kvcache.wire.Args;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the user of a connection may do; of a script, the user of its caller. */
public final class Permissions {
    /** What may write or be sent on without being known as a write: flag `may_replicate` of Redis 7.0, which COMMAND does not show. */
    private static final Set<String> MAY_WRITE = Set.of("eval", "evalsha", "fcall", "publish", "spublish");

    private Permissions() {}

    /** Refuses what the user may not do, and logs it. */
    static void check(NodeState node, Client client, Command command, Args args, String context) {
        Users users = node.settings().users();
        UserRef user = users.of(client.user());
        if (!user.restricted()) {
            return;
        }
        Verdict verdict = Users.check(user, command.factsOf(args, 0), args);
        if (verdict.denied() != null) {
            log(node, client, user, verdict, context);
            throw new CommandException("NOPERM " + verdict.text(user.name(), false));
        }
        if (command.facts().unknownKeys() && !Users.readsAllKeys(user)) {
            ownKeysOnly(args);
        }
    }

    /** SORT reads keys that its arguments do not name. */
    private static void ownKeysOnly(Args args) {
        for (int i = 2; i + 1 < args.count(); i++) {
            boolean by = args.is(i, "BY") && args.text(i + 1).contains("*");
            if (by || args.is(i, "GET")) {
                throw new CommandException(
                        "ERR " + (by ? "BY" : "GET") + " option of SORT denied due to insufficient ACL permissions.");
            }
        }
    }

    private static void log(NodeState node, Client client, UserRef user, Verdict verdict, String context) {
        Verdict.Denied denied = verdict.denied();
        node.settings()
                .users()
                .log()
                .add(
                        denied == null ? Verdict.Denied.COMMAND : denied,
                        context,
                        verdict.object(),
                        user.name(),
                        node.clock().millis(),
                        line(node, client));
    }

    /** Somebody could not prove who it is. */
    static void refused(NodeState node, Client client, String user, String command) {
        node.settings()
                .users()
                .log()
                .add(
                        Verdict.Denied.AUTH,
                        "toplevel",
                        command,
                        user,
                        node.clock().millis(),
                        line(node, client));
    }

    private static String line(NodeState node, Client client) {
        String user = node.settings().users().of(client.user()).name();
        return ClientLine.of(client, user, node.clock().millis());
    }

    /** The error of a queued command that is not allowed any more; null where it is. */
    static @Nullable String changed(NodeState node, Client client, Command command, Args args) {
        UserRef user = node.settings().users().of(client.user());
        Verdict verdict = user.restricted() ? Users.check(user, command.factsOf(args, 0), args) : null;
        if (verdict == null || verdict.denied() == null) {
            return null;
        }
        log(node, client, user, verdict, "multi");
        return "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This"
                + " command is no longer allowed for the following reason: " + verdict.reason();
    }

    /** The error of a script's command its caller may not give; null where it may. */
    public static @Nullable String inScript(NodeState node, Client caller, Command command, Args args) {
        try {
            check(node, caller, command, args, "lua");
            return null;
        } catch (CommandException e) {
            return String.valueOf(e.getMessage()).replaceFirst("^NOPERM ", "NOPERM ACL failure in script: ");
        }
    }

    /** Who watches all commands is a replica to Redis, which gives none about keys. */
    static void checkMonitor(Command command, Args args) {
        CommandFacts facts = command.factsOf(args, 0);
        if (facts.is("readonly") || facts.is("write") || MAY_WRITE.contains(command.name())) {
            throw new CommandException("ERR Replica can't interact with the keyspace");
        }
    }

    /** DEBUG, and what of MODULE changes modules: by the configuration alone, as Redis has it. */
    static void checkProtected(NodeState node, Client client, Command command, Args args) {
        boolean module = command.name().equals("module");
        boolean allowed = module
                ? args.is(1, "LIST") || args.is(1, "HELP")
                : switch (node.settings().debugCommand()) {
                    case "yes" -> true;
                    case "local" ->
                        client.address().startsWith("127.0.0.1:")
                                || client.address().startsWith("[0:0:0:0:0:0:0:1]:");
                    default -> false;
                };
        if (!allowed) {
            throw new CommandException("ERR " + (module ? "MODULE" : "DEBUG")
                    + " command not allowed. If the enable-" + command.name()
                    + "-command option is set to \"local\", you can run it from a local connection, otherwise you need"
                    + " to set this option in the configuration file, and then restart the server.");
        }
    }

    /** Whether a script's caller may give a command. */
    public static boolean allows(NodeState node, Client caller, Command command, Args args) {
        UserRef user = node.settings().users().of(caller.user());
        return Users.check(user, command.factsOf(args, 0), args).denied() == null;
    }
}
