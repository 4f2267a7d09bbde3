package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.session.Channel;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ClientLine;
import io.plinth.kvcache.session.TrackingMode;
import io.plinth.kvcache.wire.ReplyWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** CLIENT TRACKING and its kin: caches that clients keep themselves. */
final class TrackingCommands {
    private static final int MAX_PREFIXES = 1000;

    private TrackingCommands() {}

    static void tracking(Call call) {
        long redirect = 0;
        boolean broadcast = false;
        boolean optIn = false;
        boolean optOut = false;
        boolean noLoop = false;
        List<Channel> prefixes = new ArrayList<>();
        for (int i = 3; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (more && call.args().is(i, "REDIRECT")) {
                redirect = redirect(call, ++i, redirect);
            } else if (call.args().is(i, "BCAST")) {
                broadcast = true;
            } else if (call.args().is(i, "OPTIN")) {
                optIn = true;
            } else if (call.args().is(i, "OPTOUT")) {
                optOut = true;
            } else if (call.args().is(i, "NOLOOP")) {
                noLoop = true;
            } else if (more && call.args().is(i, "PREFIX")) {
                prefixes.add(new Channel(call.bytes(++i)));
            } else {
                throw CommandException.syntax();
            }
        }
        Client client = call.client();
        if (call.args().is(2, "ON")) {
            TrackingMode asked = new TrackingMode(broadcast, prefixes, optIn, optOut, noLoop, redirect);
            check(client.tracking(), asked);
            call.node().tracking().on(client, joined(client.tracking(), asked));
            client.redirectBroken(false);
        } else if (call.args().is(2, "OFF")) {
            call.node().tracking().off(client);
        } else {
            throw CommandException.syntax();
        }
        call.out().ok();
    }

    private static long redirect(Call call, int arg, long before) {
        if (before != 0) {
            throw new CommandException("ERR A client can only redirect to a single other client");
        }
        long id = call.integer(arg);
        if (call.node().clients().find(id) == null) {
            throw new CommandException("ERR The client ID you want redirect to does not exist");
        }
        return id;
    }

    private static void check(@Nullable TrackingMode now, TrackingMode asked) {
        if (!asked.broadcast() && !asked.prefixes().isEmpty()) {
            throw new CommandException("ERR PREFIX option requires BCAST mode to be enabled");
        }
        if (now != null && now.broadcast() != asked.broadcast()) {
            throw new CommandException(
                    "ERR You can't switch BCAST mode on/off before disabling tracking for this client,"
                            + " and then re-enabling it with a different mode.");
        }
        if (asked.broadcast() && (asked.optIn() || asked.optOut())) {
            throw new CommandException("ERR OPTIN and OPTOUT are not compatible with BCAST");
        }
        if (asked.optIn() && asked.optOut()) {
            throw new CommandException("ERR You can't specify both OPTIN mode and OPTOUT mode");
        }
        if (now != null && ((asked.optIn() && now.optOut()) || (asked.optOut() && now.optIn()))) {
            throw new CommandException(
                    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client,"
                            + " and then re-enabling it with a different mode.");
        }
        List<Channel> given = asked.prefixes();
        for (int i = 0; i < given.size(); i++) {
            if (now != null) {
                for (Channel old : now.prefixes()) {
                    apart(given.get(i), old, "an existing");
                }
            }
            for (int k = i + 1; k < given.size(); k++) {
                apart(given.get(i), given.get(k), "another provided");
            }
        }
        if (given.size() + (now == null ? 0 : now.prefixes().size()) > MAX_PREFIXES) {
            throw new CommandException("ERR too many prefixes (expected: at most " + MAX_PREFIXES + ")");
        }
    }

    private static void apart(Channel prefix, Channel other, String which) {
        if (prefix.startsWith(other) || other.startsWith(prefix)) {
            throw new CommandException("ERR Prefix '" + text(prefix) + "' overlaps with " + which + " prefix '"
                    + text(other) + "'. Prefixes for a single client must not overlap.");
        }
    }

    private static String text(Channel prefix) {
        return CommandException.clean(new String(prefix.bytes(), StandardCharsets.ISO_8859_1));
    }

    /** Prefixes add up; the rest is as asked last. */
    private static TrackingMode joined(@Nullable TrackingMode now, TrackingMode asked) {
        if (!asked.broadcast()) {
            return asked;
        }
        TreeSet<Channel> prefixes = new TreeSet<>(asked.prefixes());
        if (asked.prefixes().isEmpty()) {
            prefixes.add(new Channel(new byte[0]));
        }
        if (now != null) {
            prefixes.addAll(now.prefixes());
        }
        return new TrackingMode(true, List.copyOf(prefixes), false, false, asked.noLoop(), asked.redirect());
    }

    static void caching(Call call) {
        TrackingMode mode = call.client().tracking();
        if (mode == null) {
            throw new CommandException(
                    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN"
                            + " or OPTOUT mode enabled");
        }
        if (call.args().is(2, "YES")) {
            if (!mode.optIn()) {
                throw new CommandException(
                        "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
            }
        } else if (call.args().is(2, "NO")) {
            if (!mode.optOut()) {
                throw new CommandException(
                        "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
            }
        } else {
            throw CommandException.syntax();
        }
        call.client().caching(true);
        call.out().ok();
    }

    static void info(Call call) {
        Client client = call.client();
        TrackingMode mode = client.tracking();
        List<String> flags = new ArrayList<>();
        flags.add(mode == null ? "off" : "on");
        TrackingMode shown = mode == null ? TrackingMode.PLAIN : mode;
        if (shown.broadcast()) {
            flags.add("bcast");
        }
        if (shown.optIn()) {
            flags.add("optin");
        }
        if (shown.optIn() && client.caching()) {
            flags.add("caching-yes");
        }
        if (shown.optOut()) {
            flags.add("optout");
        }
        if (shown.optOut() && client.caching()) {
            flags.add("caching-no");
        }
        if (shown.noLoop()) {
            flags.add("noloop");
        }
        if (mode != null && client.redirectBroken()) {
            flags.add("broken_redirect");
        }
        ReplyWriter out = call.out();
        out.map(3);
        out.bulk("flags");
        out.set(flags.size());
        flags.forEach(out::bulk);
        out.bulk("redirect");
        out.integer(ClientLine.redirect(client));
        out.bulk("prefixes");
        out.array(shown.prefixes().size());
        shown.prefixes().forEach(prefix -> out.bulk(prefix.bytes()));
    }
}
