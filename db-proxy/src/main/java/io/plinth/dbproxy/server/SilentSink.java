package io.plinth.dbproxy.server;

import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.wire.SqlError;
import org.jspecify.annotations.Nullable;

/** Of replies that no client hears of as they come: what only a client's session has to know of is passed over. */
public abstract class SilentSink implements ReplySink {
    protected SilentSink() {}

    @Override
    public void flush() {}

    @Override
    public boolean writable() {
        return true;
    }

    @Override
    public void serverWritable(boolean writable) {}

    @Override
    public void parsed(String name, PreparedStatement statement) {}

    @Override
    public void unnamed(String name) {}

    @Override
    public void completed(SqlPlan plan, int index, String tag) {}

    @Override
    public void failed(@Nullable SqlPlan plan, int index) {}

    @Override
    public boolean repeats(SqlError error, boolean standby) {
        return false;
    }

    @Override
    public void repeat() {}

    @Override
    public boolean parameter(String name, String value, boolean ours) {
        return false;
    }

    @Override
    public void copyIn(boolean readyOwed) {}

    @Override
    public void synced() {}
}
