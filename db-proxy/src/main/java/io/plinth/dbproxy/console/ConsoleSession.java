package io.plinth.dbproxy.console;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.plinth.dbproxy.client.Conversation;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * An operator who is logged in. Owned by its channel's event loop. Commands come by the simple protocol; PgBouncer takes no
 * other here, and ends the connection of who tries.
 */
final class ConsoleSession implements Conversation {
    private static final int MOST_AHEAD = 100;

    private final Channel channel;
    private final Commands commands;
    private final String application;
    private final LongSupplier nanoTime;
    private final ArrayDeque<String> ahead = new ArrayDeque<>();
    private boolean running;
    private boolean closed;
    private long began;

    ConsoleSession(Channel channel, Commands commands, String application, LongSupplier nanoTime) {
        this.channel = channel;
        this.commands = commands;
        this.application = application;
        this.nanoTime = nanoTime;
        this.began = nanoTime.getAsLong();
    }

    /** What PgBouncer reports to who logs in to its console. */
    void welcome() {
        ByteBuf out = channel.alloc().buffer(256);
        BackendWriter.authenticationOk(out);
        BackendWriter.parameterStatus(out, "server_version", Tables.VERSION + "/bouncer");
        BackendWriter.parameterStatus(out, "client_encoding", "UTF8");
        BackendWriter.parameterStatus(out, "server_encoding", "UTF8");
        BackendWriter.parameterStatus(out, "DateStyle", "ISO");
        BackendWriter.parameterStatus(out, "TimeZone", "GMT");
        BackendWriter.parameterStatus(out, "standard_conforming_strings", "on");
        BackendWriter.parameterStatus(out, "is_superuser", "on");
        BackendWriter.ready(out, Backend.IDLE);
        channel.writeAndFlush(out, channel.voidPromise());
    }

    @Override
    public void receive(ClientMessage message) throws SqlException {
        assert channel.eventLoop().inEventLoop() : "console used off its event loop";
        switch (message) {
            case ClientMessage.Terminate _ -> channel.close();
            case ClientMessage.Query query -> {
                if (ahead.size() >= MOST_AHEAD) {
                    throw new SqlException(SqlError.LIMIT_EXCEEDED, "console: more than " + MOST_AHEAD + " commands");
                }
                ahead.add(new String(query.sql(), StandardCharsets.UTF_8));
                next();
            }
            case ClientMessage.Sync _, ClientMessage.Flush _ -> {}
            default -> {
                close();
                ByteBuf out = channel.alloc().buffer(128);
                BackendWriter.error(
                        out,
                        "FATAL",
                        new SqlError(
                                SqlError.PROTOCOL_VIOLATION,
                                "extended query protocol not supported by admin console",
                                "Use the simple protocol: preferQueryMode=simple, prefer_simple_protocol."));
                channel.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
            }
        }
    }

    private void next() {
        if (running || closed) {
            return;
        }
        String command = ahead.poll();
        if (command == null) {
            return;
        }
        running = true;
        began = nanoTime.getAsLong();
        commands.run(command, channel::isActive)
                .whenComplete((reply, failure) -> channel.eventLoop().execute(() -> {
                    running = false;
                    if (!closed) {
                        ByteBuf out = channel.alloc().buffer(512);
                        if (reply == null) {
                            BackendWriter.error(out, "ERROR", Commands.error(failure));
                        } else {
                            write(out, reply);
                        }
                        BackendWriter.ready(out, Backend.IDLE);
                        channel.writeAndFlush(out, channel.voidPromise());
                        next();
                    }
                }));
    }

    private static void write(ByteBuf out, Reply reply) {
        if (!reply.notice().isEmpty()) {
            BackendWriter.notice(out, "Console usage", reply.notice());
        }
        if (!reply.columns().isEmpty()) {
            List<Reply.Column> columns = reply.columns();
            BackendWriter.columns(
                    out,
                    columns.stream().map(Reply.Column::name).toList(),
                    columns.stream().map(Reply.Column::type).toList());
            reply.rows().forEach(row -> BackendWriter.textRow(out, row));
        }
        BackendWriter.commandComplete(out, reply.tag());
    }

    @Override
    public boolean quiet() {
        return !running;
    }

    @Override
    public void close() {
        closed = true;
        ahead.clear();
    }

    @Override
    public State state() {
        return new State(false, began, application, 0, "");
    }
}
