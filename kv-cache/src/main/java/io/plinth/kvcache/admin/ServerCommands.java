package io.plinth.kvcache.admin;

import static io.plinth.kvcache.command.Command.Flag.ADMIN;
import static io.plinth.kvcache.command.Command.Flag.DANGEROUS;
import static io.plinth.kvcache.command.Command.Flag.EVERYTHING;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.KEYSPACE;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.READONLY;
import static io.plinth.kvcache.command.Command.Flag.STALE;
import static io.plinth.kvcache.command.Command.Flag.WRITE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import java.util.Locale;

/** The node as a whole. */
public final class ServerCommands {
    private static final int[] SECOND = {2, 2, 1};

    private ServerCommands() {}

    /** Adds them; {@code info} knows what INFO says, {@code config} what CONFIG knows. */
    public static void register(CommandTable.Builder to, InfoReport info, ConfigTable config) {
        int admin = ADMIN | NOSCRIPT | LOADING | STALE | DANGEROUS;
        to.group("server", 0);
        to.add("info", -1, LOADING | STALE | DANGEROUS | EVERYTHING, "Describes the node.", info::write);
        to.add("config", -2, admin | EVERYTHING, "Shows and changes settings.", config::run);
        to.add("command", -1, LOADING | STALE, "Describes commands.", CommandCommand::run);
        to.add("dbsize", 1, READONLY | FAST | KEYSPACE | EVERYTHING, "Counts the keys.", call -> {
            call.out().integer(call.keyspace().keys(call.client().db()));
        });
        to.add("flushdb", -1, WRITE | KEYSPACE | DANGEROUS | EVERYTHING, "Removes the database's keys.", call -> {
            mode(call);
            int db = call.client().db();
            call.keyspace().each(segment -> segment.flush(db));
            call.node().tracking().flushed();
            call.out().ok();
        });
        to.add("flushall", -1, WRITE | KEYSPACE | DANGEROUS | EVERYTHING, "Removes all keys.", call -> {
            mode(call);
            call.keyspace().each(segment -> {
                for (int db = 0; db < Keyspace.DATABASES; db++) {
                    segment.flush(db);
                }
            });
            call.node().tracking().flushed();
            call.out().ok();
        });
        to.add("time", 1, LOADING | STALE | FAST, "Returns the Unix time.", call -> {
            var now = call.node().clock().instant();
            call.out().array(2);
            call.out().bulkLong(now.getEpochSecond());
            call.out().bulkLong(now.getNano() / 1000);
        });
        to.add("role", 1, ADMIN | NOSCRIPT | LOADING | STALE | FAST | DANGEROUS, "Returns the node's role.", call -> {
            call.out().array(3);
            call.out().bulk("master");
            call.out().integer(0);
            call.out().array(0);
        });
        to.add("memory", -2, READONLY, SECOND, "Shows what a key takes.", ServerCommands::memory);
        to.subcommands("config", "get -3", "set -4", "resetstat 2", "rewrite 2");
        to.subcommands("command", "count 2", "info -2", "docs -2", "list -2", "getkeys -3");
        to.subcommands("memory", "usage -3", "purge 2", "doctor 2");
        to.add("slowlog", -2, admin, "Shows slow commands; none is recorded.", call -> empty(call, "GET", "LEN"));
        to.add("latency", -2, admin, "Shows slow moments; none is recorded.", call -> empty(call, "LATEST", "RESET"));
        to.subcommands("slowlog", "get -2", "len 2", "reset 2");
        to.subcommands("latency", "latest 2", "history 3", "reset -2");
    }

    private static void mode(Call call) {
        boolean named =
                call.count() == 2 && (call.args().is(1, "SYNC") || call.args().is(1, "ASYNC"));
        if (call.count() > 1 && !named) {
            throw CommandException.syntax();
        }
    }

    private static void memory(Call call) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "USAGE" -> {
                boolean sampled = call.count() == 5 && call.args().is(3, "SAMPLES");
                if (call.count() > 3 && !sampled) {
                    throw CommandException.syntax();
                }
                KeyRef key = call.key(2);
                Entry entry = call.segment(key).peek(key, call.now());
                if (entry == null) {
                    call.out().nullBulk();
                } else {
                    call.out().integer(entry.bytes());
                }
            }
            case "PURGE" -> call.out().ok();
            case "DOCTOR" -> call.out().bulk("Memory is accounted per key and kept below maxmemory by eviction.");
            case "HELP" -> Help.write(call, "MEMORY", "PURGE", "USAGE <key> [SAMPLES <count>]");
            default -> throw CommandException.subcommand(call.text(1), "MEMORY");
        }
    }

    /** What a log without entries answers: to {@code list} an empty array, to {@code number} and RESET as Redis does. */
    private static void empty(Call call, String list, String number) {
        if (call.args().is(1, list) || call.args().is(1, "HISTORY")) {
            call.out().array(0);
        } else if (call.args().is(1, number)) {
            call.out().integer(0);
        } else if (call.args().is(1, "RESET")) {
            call.out().ok();
        } else {
            throw CommandException.subcommand(
                    call.text(1), call.command().name().toUpperCase(Locale.ROOT));
        }
    }
}
