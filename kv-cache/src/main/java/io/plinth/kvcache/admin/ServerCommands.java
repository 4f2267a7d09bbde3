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

import io.plinth.kvcache.admin.commands.CommandCommand;
import io.plinth.kvcache.admin.config.ConfigTable;
import io.plinth.kvcache.admin.info.InfoReport;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.keyspace.Keyspace;

/** The node as a whole. */
public final class ServerCommands {
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
            call.node().settings().cachePolicy().flushed(db);
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
            for (int db = 0; db < Keyspace.DATABASES; db++) {
                call.node().settings().cachePolicy().flushed(db);
            }
            call.node().tracking().flushed();
            call.out().ok();
        });
        to.add("time", 1, LOADING | STALE | FAST, "Returns the Unix time.", call -> {
            var now = call.node().clock().instant();
            call.out().array(2);
            call.out().bulkLong(now.getEpochSecond());
            call.out().bulkLong(now.getNano() / 1000);
        });
        to.add("memory", "Shows what keys take.", MemoryCommands::run);
        to.add("slowlog", "Shows slow commands.", SlowLogCommands::run);
        to.add("latency", "Shows slow moments, and how long commands take.", LatencyCommands::run);
        to.subcommands("config", "get -3", "set -4", "resetstat 2", "rewrite 2");
        to.subcommands("command", "count 2", "info -2", "docs -2", "list -2", "getkeys -4", "getkeysandflags -4");
    }

    private static void mode(Call call) {
        boolean named =
                call.count() == 2 && (call.args().is(1, "SYNC") || call.args().is(1, "ASYNC"));
        if (call.count() > 1 && !named) {
            throw CommandException.syntax();
        }
    }
}
