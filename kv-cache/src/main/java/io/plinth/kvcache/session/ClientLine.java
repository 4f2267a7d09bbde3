package io.plinth.kvcache.session;

import io.plinth.kvcache.session.turn.ConnectionFacts;
import io.plinth.kvcache.wire.ReplyWriter;

/** A client as CLIENT LIST, CLIENT INFO and ACL LOG show it, field by field in Redis 7.2's order. Read from any loop, as it stands. */
public final class ClientLine {
    /** About what the objects of a connection take. */
    private static final int CONNECTION_BYTES = 2048;

    private ClientLine() {}

    /** The line without its end; {@code user} is the name of who it is. */
    public static String of(Client client, String user, long nowMillis) {
        ConnectionFacts facts = client.outlet().facts();
        ReplyWriter out = client.out();
        Transaction transaction = client.transaction();
        long queued = transaction == null ? 0 : transaction.bytes();
        long arguments = client.argumentBytes();
        int buffer = out.capacity();
        long total = CONNECTION_BYTES
                + (long) facts.undecoded()
                + facts.room()
                + arguments
                + queued
                + buffer
                + facts.pending();
        StringBuilder line = new StringBuilder(512);
        field(line, "id", client.id());
        field(line, "addr", client.address());
        field(line, "laddr", client.localAddress());
        field(line, "fd", facts.descriptor());
        field(line, "name", client.name());
        field(line, "age", (nowMillis - client.connectedMillis()) / 1000);
        field(line, "idle", Math.max(0, nowMillis - client.seenMillis()) / 1000);
        field(line, "flags", flags(client));
        field(line, "db", client.database());
        field(line, "sub", client.channels().size());
        field(line, "psub", client.patterns().size());
        field(line, "ssub", client.shardChannels().size());
        field(line, "multi", transaction == null ? -1 : transaction.queued().size());
        field(line, "watch", client.watcher().size());
        field(line, "qbuf", facts.undecoded());
        field(line, "qbuf-free", facts.room());
        field(line, "argv-mem", arguments);
        field(line, "multi-mem", queued);
        field(line, "rbs", buffer);
        field(line, "rbp", Math.max(out.peak(), out.size()));
        field(line, "obl", out.size());
        field(line, "oll", facts.queued());
        field(line, "omem", facts.pending());
        field(line, "tot-mem", total);
        field(line, "events", (facts.reads() ? "r" : "") + (facts.pending() > 0 ? "w" : ""));
        field(line, "cmd", client.lastCommand());
        field(line, "user", user);
        field(line, "redir", redirect(client));
        field(line, "resp", out.protocol());
        field(line, "lib-name", client.libraryName());
        field(line, "lib-ver", client.libraryVersion());
        return line.toString();
    }

    private static void field(StringBuilder line, String name, Object value) {
        line.append(line.isEmpty() ? "" : " ").append(name).append('=').append(value);
    }

    /** Who is told of changes in its stead: 0 for itself, -1 where it does not track. */
    public static long redirect(Client client) {
        TrackingMode mode = client.tracking();
        return mode == null ? -1 : mode.redirect();
    }

    private static String flags(Client client) {
        StringBuilder flags = new StringBuilder();
        TrackingMode mode = client.tracking();
        flag(flags, client.monitors(), 'O');
        flag(flags, client.primary(), 'M');
        flag(flags, client.subscriptions() + client.shardChannels().size() > 0, 'P');
        flag(flags, client.transaction() != null, 'x');
        flag(flags, client.blocked() != null, 'b');
        flag(flags, mode != null, 't');
        flag(flags, mode != null && client.redirectBroken(), 'R');
        flag(flags, mode != null && mode.broadcast(), 'B');
        flag(flags, client.watcher().invalid(), 'd');
        flag(flags, client.closing(), 'c');
        flag(flags, client.noEvict(), 'e');
        flag(flags, client.noTouch(), 'T');
        return flags.isEmpty() ? "N" : flags.toString();
    }

    private static void flag(StringBuilder flags, boolean set, char shown) {
        if (set) {
            flags.append(shown);
        }
    }
}
