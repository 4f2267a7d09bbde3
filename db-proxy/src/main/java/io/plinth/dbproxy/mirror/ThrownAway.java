package io.plinth.dbproxy.mirror;

import io.netty.buffer.ByteBuf;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.SilentSink;
import io.plinth.dbproxy.wire.SqlError;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Takes a mirror's replies, of which only the end and whether it failed matter. Owned by the connection's event loop; used once. */
final class ThrownAway extends SilentSink {
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
    public void failed(@Nullable SqlPlan plan, int index) {
        failed = true;
    }

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
