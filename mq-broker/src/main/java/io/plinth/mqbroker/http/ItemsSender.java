package io.plinth.mqbroker.http;

import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A long list on its way to a client, as JSON: the next part is put together, off the loop, once the client has taken the one before. So a
 * list of any length takes one part of memory, and neither its loop nor other requests wait for its end.
 */
final class ItemsSender {
    private static final Logger LOG = LoggerFactory.getLogger(ItemsSender.class);
    private static final int PART = 64 << 10;

    private final ChannelHandlerContext ctx;
    private final Executor worker;
    private final Iterator<?> items;
    private final Runnable done;
    private final ByteArrayOutputStream part = new ByteArrayOutputStream(PART);
    private final JsonGenerator json = Json.generator(part);

    /** Sends the items behind the head of the response; {@code done} runs on the loop once all are sent. */
    ItemsSender(ChannelHandlerContext ctx, Executor worker, Items<?> items, Runnable done) {
        this.ctx = ctx;
        this.worker = worker;
        this.items = items.iterator();
        this.done = done;
    }

    void start() {
        try {
            json.writeStartArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        next();
    }

    private void next() {
        try {
            worker.execute(this::make);
        } catch (RejectedExecutionException e) {
            LOG.debug("the broker stops", e);
            ctx.close();
        }
    }

    private void make() {
        part.reset();
        boolean more;
        try {
            while (items.hasNext() && part.size() < PART) {
                Json.write(json, items.next());
                json.flush();
            }
            more = items.hasNext();
            if (!more) {
                json.close();
            }
        } catch (IOException | RuntimeException e) {
            LOG.error("management request failed", e);
            ctx.close();
            return;
        }
        byte[] bytes = part.toByteArray();
        ctx.executor().execute(() -> send(bytes, more));
    }

    private void send(byte[] bytes, boolean more) {
        ctx.writeAndFlush(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes))).addListener(sent -> {
            if (!sent.isSuccess()) {
                ctx.close();
            } else if (more) {
                next();
            } else {
                ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
                done.run();
            }
        });
    }
}
