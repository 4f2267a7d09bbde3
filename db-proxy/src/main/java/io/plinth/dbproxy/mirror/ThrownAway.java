package io.plinth.dbproxy.mirror;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ReplySink;
import io.plinth.dbproxy.wire.SqlError;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Takes a mirror's replies, of which only the end and whether it failed matter. Owned by the connection's event loop; used once. */
final class ThrownAway implements ReplySink {
    private final Consumer<Boolean> over;
    private boolean failed;

    ThrownAway(Consumer<Boolean> over) {
        this.over = over;
    }

    @Override
    public void bytes(ByteBuf run) {
        run.release();
    }

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
    public void failed(@Nullable SqlPlan plan, int index) {
        failed = true;
    }

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
    public void ready(byte status) {
        over.accept(failed);
    }

    @Override
    public void synced() {
        over.accept(failed);
    }

    @Override
    public void lost(@Nullable SqlError why) {
        // The connection's end tells.
    }
}
