package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.dbproxy.pool.SharedListener;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.SqlError;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a client listens to on the shared listener. Notifications that come while the client is in the middle of something
 * wait for its end, as a server makes them wait for the transaction's. Owned by the session's event loop.
 */
final class Subscriptions implements SharedListener.Subscriber {
    private static final int MOST_KEPT = 10_000;

    private final Channel channel;
    private final BooleanSupplier quiet;
    private final Supplier<SharedListener> listener;
    private final ArrayDeque<byte[]> kept = new ArrayDeque<>();
    private final Set<String> channels = new LinkedHashSet<>();
    private @Nullable SharedListener joined;
    private boolean closed;

    /** {@code quiet} answers whether a message may be written to the client now. */
    Subscriptions(Channel channel, BooleanSupplier quiet, Supplier<SharedListener> listener) {
        this.channel = channel;
        this.quiet = quiet;
        this.listener = listener;
    }

    void change(StatementPlan.Listen wish, Consumer<@Nullable SqlError> done) {
        if (wish.on()) {
            SharedListener right = listener.get();
            move(right);
            joined = right;
            right.listen(wish.channel(), this, why -> {
                if (why == null && !closed) {
                    channels.add(wish.channel());
                    SharedListener now = joined;
                    if (now != null && now != right) {
                        // It has moved on meanwhile.
                        now.adopt(wish.channel(), this);
                    }
                }
                done.accept(why);
            });
        } else {
            SharedListener known = joined;
            if (wish.channel().equals("*")) {
                channels.clear();
            } else {
                channels.remove(wish.channel());
            }
            if (known != null) {
                known.unlisten(wish.channel().equals("*") ? null : wish.channel(), this);
            }
            done.accept(null);
        }
    }

    /** After a promotion or a reload another connection hears what is notified. */
    @Override
    public void look() {
        if (!channels.isEmpty()) {
            move(listener.get());
        }
    }

    private void move(SharedListener right) {
        SharedListener known = joined;
        if (known != null && known != right) {
            joined = right;
            channels.forEach(channel -> right.adopt(channel, this));
            known.unlisten(null, this);
        }
    }

    @Override
    public void notified(ByteBuf message) {
        if (kept.size() < MOST_KEPT) {
            byte[] body = new byte[message.readableBytes()];
            message.getBytes(message.readerIndex(), body);
            kept.add(body);
        }
        deliver();
    }

    /** Writes what has waited, when it may be written now. */
    void deliver() {
        if (kept.isEmpty() || !quiet.getAsBoolean()) {
            return;
        }
        ByteBuf out = channel.alloc().buffer();
        while (!kept.isEmpty()) {
            byte[] body = kept.remove();
            out.writeByte(Backend.NOTIFICATION).writeInt(4 + body.length).writeBytes(body);
        }
        channel.writeAndFlush(out, channel.voidPromise());
    }

    void close() {
        closed = true;
        SharedListener known = joined;
        if (known != null) {
            known.unlisten(null, this);
        }
    }
}
