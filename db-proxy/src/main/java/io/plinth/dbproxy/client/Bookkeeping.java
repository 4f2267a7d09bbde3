package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ReplySink;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.session.SessionSettings;
import io.plinth.dbproxy.wire.SqlError;
import org.jspecify.annotations.Nullable;

/** The part of a session that passes replies on and keeps account of what they say. Owned by its event loop. */
abstract class Bookkeeping implements ReplySink {
    final Channel channel;
    final Names names;
    final SessionSettings settings;
    final Servers servers;
    final Effects effects;
    final Repetition repetition = new Repetition();

    Bookkeeping(Channel channel, Names names, SessionSettings settings, Servers servers) {
        this.channel = channel;
        this.names = names;
        this.settings = settings;
        this.servers = servers;
        this.effects = new Effects(names, settings, servers);
    }

    @Override
    public void bytes(ByteBuf run) {
        repetition.told();
        channel.write(run, channel.voidPromise());
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public boolean writable() {
        return channel.isWritable();
    }

    @Override
    public void parsed(String name, PreparedStatement statement) {
        names.confirm(name, statement);
    }

    void named(String name, @Nullable PreparedStatement statement) {
        if (statement != null) {
            names.confirm(name, statement);
        }
    }

    @Override
    public void unnamed(String name) {
        names.remove(name);
    }

    @Override
    public void completed(SqlPlan plan, int index, String tag) {
        if (index < plan.statements().size()) {
            effects.completed(plan.statements().get(index), tag);
        }
    }

    @Override
    public boolean parameter(String name, String value, boolean ours) {
        return settings.reported(name, value, ours);
    }

    @Override
    public boolean repeats(SqlError error, boolean standby) {
        ServerConnection attached = servers.attached();
        return repetition.helps(error, attached, standby);
    }
}
