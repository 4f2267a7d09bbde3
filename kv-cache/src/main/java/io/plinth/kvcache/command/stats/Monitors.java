package io.plinth.kvcache.command.stats;

import io.plinth.kvcache.session.BufferLimits;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.LongArguments;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/** Shared by all loops: the clients that see every command (MONITOR). One that does not read what comes is closed. */
public final class Monitors {
    private static final int OVERHEAD = 64;

    private final List<Client> watching = new CopyOnWriteArrayList<>();
    private final Observations observations;

    public Monitors(Observations observations) {
        this.observations = observations;
    }

    /** The client sees every command from now on. */
    public void add(Client client) {
        if (!watching.contains(client)) {
            watching.add(client);
            client.monitors(true);
            observations.every(true);
        }
    }

    /** It does no more. */
    public void remove(Client client) {
        client.monitors(false);
        if (watching.remove(client)) {
            observations.every(!watching.isEmpty());
        }
    }

    /** A command has run; it is shown without secrets. {@code command} is empty where it is for administrators, and not shown. */
    public void show(String command, Client by, Args args, Instant now, BufferLimits limits) {
        if (watching.isEmpty() || command.isEmpty()) {
            return;
        }
        String line = line(command, by, args, now);
        for (Client client : watching) {
            if (client.closing()) {
                remove(client);
            } else {
                client.push(line.length() + OVERHEAD, limits, out -> {
                    // Who said RESET meanwhile would take it for a reply.
                    if (client.monitors()) {
                        out.simple(line);
                    }
                });
            }
        }
    }

    private static String line(String command, Client by, Args args, Instant now) {
        String from = by.principal().equals(by) ? by.address() : "lua";
        StringBuilder line = new StringBuilder();
        line.append(String.format(
                Locale.ROOT, "%d.%06d [%d %s]", now.getEpochSecond(), now.getNano() / 1000, by.database(), from));
        for (int i = 0; i < args.count(); i++) {
            line.append(' ');
            if (args.length(i) >= LongArguments.LONG) {
                line.append('(').append(args.length(i)).append(" bytes)");
                continue;
            }
            byte[] word = SlowLog.secret(command, args, i) ? SlowLog.REDACTED : args.bytes(i);
            quote(new String(word, StandardCharsets.ISO_8859_1), line);
        }
        return line.toString();
    }

    private static void quote(String word, StringBuilder into) {
        into.append('"');
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            switch (c) {
                case '"', '\\' -> into.append('\\').append(c);
                case '\n' -> into.append("\\n");
                case '\r' -> into.append("\\r");
                case '\t' -> into.append("\\t");
                case 7 -> into.append("\\a");
                case '\b' -> into.append("\\b");
                default -> {
                    if (c >= ' ' && c < 127) {
                        into.append(c);
                    } else {
                        into.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
                    }
                }
            }
        }
        into.append('"');
    }
}
