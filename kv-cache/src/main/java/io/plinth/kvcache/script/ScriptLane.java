package io.plinth.kvcache.script;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A run that takes long, on a thread of its own while its client's loop goes on with others; to the client it is a command that blocks. */
final class ScriptLane implements Blocked, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ScriptLane.class);
    private static final int REPLY = 512 << 20;

    private final Client client;
    private final Request request;
    private final long nowMillis;
    private final Supplier<ScriptHost> hosts;
    private final int protocol;
    private final Consumer<Boolean> ended;

    /** {@code ended} is told on the client's loop, with whether the reply is an error. */
    ScriptLane(Client client, Request request, long nowMillis, Supplier<ScriptHost> hosts, Consumer<Boolean> ended) {
        this.ended = ended;
        this.client = client;
        this.request = request;
        this.nowMillis = nowMillis;
        this.hosts = hosts;
        this.protocol = client.out().protocol();
    }

    void start() {
        client.blocked(this);
        Thread.ofPlatform().daemon().name("script").start(this);
    }

    @Override
    public void run() {
        ReplyWriter out = new ReplyWriter(ByteBufAllocator.DEFAULT, REPLY);
        out.protocol(protocol);
        try {
            ScriptHost host = hosts.get();
            try {
                host.run(request, nowMillis, out, false, true);
            } finally {
                host.end();
            }
        } catch (RuntimeException | Error e) {
            LOG.warn("script {} failed", request.name(), e);
            out.rewind(0);
            out.error("ERR internal error");
        }
        ByteBuf reply = out.take();
        byte[] bytes = reply == null ? new byte[0] : ByteBufUtil.getBytes(reply);
        if (reply != null) {
            reply.release();
        }
        client.outlet().later(() -> deliver(bytes));
    }

    private void deliver(byte[] reply) {
        ended.accept(reply.length > 0 && reply[0] == '-');
        if (!this.equals(client.blocked())) {
            return;
        }
        client.blocked(null);
        if (client.closing()) {
            return;
        }
        if (client.replyMode() == ReplyMode.ON) {
            client.out().raw(reply);
        }
        client.outlet().unblocked();
    }

    /** CLIENT UNBLOCK does not end scripts. */
    @Override
    public boolean end(boolean error) {
        return false;
    }

    @Override
    public void abandon() {
        client.blocked(null);
    }
}
