package io.plinth.kvcache.admin;

import io.plinth.kvcache.acl.AclException;
import io.plinth.kvcache.acl.AclLog;
import io.plinth.kvcache.acl.AclUser;
import io.plinth.kvcache.acl.Catalogue;
import io.plinth.kvcache.acl.UserRef;
import io.plinth.kvcache.acl.Users;
import io.plinth.kvcache.acl.Verdict;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.session.Channel;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.Doubles;
import io.plinth.kvcache.wire.ReplyWriter;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** ACL: who may do what. */
public final class AclCommands {
    private static final int MAX_BITS = 4096;
    private static final String NO_FILE =
            "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL"
                + " SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set)"
                + " in order to store users in the Redis configuration.";

    private final SecureRandom entropy;

    private AclCommands(SecureRandom entropy) {
        this.entropy = entropy;
    }

    /** Adds it. */
    public static void register(CommandTable.Builder to, SecureRandom entropy) {
        to.add("acl", "Shows and changes users.", new AclCommands(entropy)::acl);
    }

    private static Users users(Call call) {
        return call.node().settings().users();
    }

    private void acl(Call call) {
        try {
            dispatch(call);
        } catch (AclException e) {
            throw new CommandException(
                    "ERR " + String.valueOf(e.getMessage()).replace('\r', ' ').replace('\n', ' '));
        } catch (IOException e) {
            throw new CommandException("ERR the ACL file: " + CommandException.clean(String.valueOf(e.getMessage())));
        }
    }

    private void dispatch(Call call) throws IOException {
        Users users = users(call);
        ReplyWriter out = call.out();
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "SETUSER" -> set(call, users);
            case "GETUSER" -> get(call, users);
            case "DELUSER" -> delete(call, users);
            case "LIST" -> {
                List<AclUser> all = users.all();
                out.array(all.size());
                all.forEach(user -> out.bulk(user.text()));
            }
            case "USERS" -> {
                Set<String> names = users.names();
                out.array(names.size());
                names.forEach(out::bulk);
            }
            case "WHOAMI" -> out.bulk(users.of(call.client().user()).name());
            case "CAT" -> categories(call, users.catalogue());
            case "GENPASS" -> password(call);
            case "DRYRUN" -> dryRun(call, users);
            case "LOG" -> log(call, users.log());
            case "LOAD" -> {
                filed(users);
                users.load();
                disconnect(call);
                out.ok();
            }
            case "SAVE" -> {
                filed(users);
                users.save();
                out.ok();
            }
            case "HELP" -> Help.write(call);
            default -> throw CommandException.subcommand(call.text(1), "ACL");
        }
    }

    private static void filed(Users users) {
        if (!users.filed()) {
            throw new CommandException(NO_FILE);
        }
    }

    private static void set(Call call, Users users) {
        List<String> rules = new ArrayList<>();
        for (int i = 3; i < call.count(); i++) {
            rules.add(call.text(i));
        }
        users.set(call.text(2), rules);
        disconnect(call);
        call.out().ok();
    }

    /** Who was deleted, or listens to what it may not hear any more, is disconnected. */
    private static void disconnect(Call call) {
        for (Client client : call.node().clients().all()) {
            UserRef user = users(call).of(client.user());
            if (user.gone()) {
                end(call, client);
            } else {
                client.outlet().run(() -> {
                    if (!hears(user, client.channels(), false)
                            || !hears(user, client.shardChannels(), false)
                            || !hears(user, client.patterns(), true)) {
                        end(call, client);
                    }
                });
            }
        }
    }

    private static void end(Call call, Client client) {
        if (client.id() == call.client().id()) {
            client.close();
        } else {
            client.abort();
        }
    }

    private static boolean hears(UserRef user, Set<Channel> channels, boolean patterns) {
        return channels.stream().allMatch(channel -> Users.channelAllowed(user, channel.bytes(), patterns));
    }

    private static void delete(Call call, Users users) {
        int deleted = 0;
        for (int i = 2; i < call.count(); i++) {
            if (users.delete(call.text(i))) {
                deleted++;
            }
        }
        if (deleted > 0) {
            disconnect(call);
        }
        call.out().integer(deleted);
    }

    private static void get(Call call, Users users) {
        UserRef ref = users.find(call.text(2));
        ReplyWriter out = call.out();
        if (ref == null) {
            out.nullBulk();
            return;
        }
        AclUser user = ref.user();
        out.map(6);
        out.bulk("flags");
        out.set(user.flags().size());
        user.flags().forEach(out::bulk);
        out.bulk("passwords");
        out.array(user.passwords().size());
        user.passwords().forEach(out::bulk);
        List<List<String>> permissions = user.permissions();
        show(out, permissions.getFirst());
        out.bulk("selectors");
        out.array(permissions.size() - 1L);
        for (List<String> each : permissions.subList(1, permissions.size())) {
            out.map(3);
            show(out, each);
        }
    }

    private static void show(ReplyWriter out, List<String> permissions) {
        out.bulk("commands");
        out.bulk(permissions.get(0));
        out.bulk("keys");
        out.bulk(permissions.get(1));
        out.bulk("channels");
        out.bulk(permissions.get(2));
    }

    private static void categories(Call call, Catalogue catalogue) {
        List<String> names = Catalogue.CATEGORIES;
        if (call.count() > 3) {
            throw CommandException.form(call.text(1), "ACL");
        }
        if (call.count() == 3) {
            String category = call.text(2).toLowerCase(Locale.ROOT);
            if (!names.contains(category)) {
                throw new CommandException("ERR Unknown category '" + CommandException.clean(call.text(2)) + "'");
            }
            names = catalogue.in(category);
        }
        call.out().array(names.size());
        names.forEach(call.out()::bulk);
    }

    private void password(Call call) {
        long bits = 256;
        if (call.count() == 3) {
            bits = call.integer(2);
        }
        if (bits <= 0 || bits > MAX_BITS) {
            throw new CommandException(
                    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive"
                            + " number up to " + MAX_BITS);
        }
        int digits = (int) (bits + 3) / 4;
        byte[] random = new byte[(digits + 1) / 2];
        entropy.nextBytes(random);
        call.out().bulk(HexFormat.of().formatHex(random).substring(0, digits));
    }

    private static void dryRun(Call call, Users users) {
        UserRef user = users.find(call.text(2));
        if (user == null) {
            throw new CommandException("ERR User '" + CommandException.clean(call.text(2)) + "' not found");
        }
        Command command = call.executor().table().find(call.text(3));
        if (command == null) {
            throw new CommandException("ERR Command '" + CommandException.clean(call.text(3)) + "' not found");
        }
        if (!command.takes(call.count() - 3)) {
            throw CommandException.arity(command.name());
        }
        byte[][] words = new byte[call.count() - 3][];
        for (int i = 0; i < words.length; i++) {
            words[i] = call.bytes(i + 3);
        }
        Args args = Args.of(words);
        Verdict verdict = Users.check(user, command.factsOf(args, 0), args);
        if (verdict.denied() == null) {
            call.out().ok();
        } else {
            call.out().bulk(verdict.text(user.name(), true));
        }
    }

    private static void log(Call call, AclLog log) {
        int count = 10;
        if (call.count() == 3) {
            if (call.args().is(2, "RESET")) {
                log.clear();
                call.out().ok();
                return;
            }
            count = Math.clamp(call.integer(2), 0, Integer.MAX_VALUE);
        }
        List<AclLog.Denial> denials = log.latest(count);
        ReplyWriter out = call.out();
        out.array(denials.size());
        for (AclLog.Denial denial : denials) {
            out.map(10);
            out.bulk("count");
            out.integer(denial.count());
            out.bulk("reason");
            out.bulk(denial.reason());
            out.bulk("context");
            out.bulk(denial.context());
            out.bulk("object");
            out.bulk(denial.object());
            out.bulk("username");
            out.bulk(denial.user());
            out.bulk("age-seconds");
            out.number(Doubles.text((call.now() - denial.updated()) / 1000.0));
            out.bulk("client-info");
            out.bulk(denial.client());
            out.bulk("entry-id");
            out.integer(denial.id());
            out.bulk("timestamp-created");
            out.integer(denial.created());
            out.bulk("timestamp-last-updated");
            out.integer(denial.updated());
        }
    }
}
