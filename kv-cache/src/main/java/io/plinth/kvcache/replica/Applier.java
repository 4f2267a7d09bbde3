package io.plinth.kvcache.replica;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.persist.RdbImport;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.NoOutlet;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ProtocolException;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.kvcache.wire.ReplyWriter;
import io.plinth.kvcache.wire.RequestDecoder;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the thread that follows a Redis: makes its keys and its writes ours, through the commands that clients use. */
final class Applier implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Applier.class);
    private static final int REPLIES = 512 << 20;
    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final int REFUSED_TRIES = 5_000;

    private final NodeState node;
    private final Consumer<byte[]> libraries;
    /** Forgets the libraries there are. */
    private final Runnable forget;

    private final CommandExecutor executor;
    private Client client;
    private RequestDecoder decoder;
    private volatile boolean over;
    /** Guarded by this: it is at work; nothing begins once it is over. */
    private boolean busy;
    /** Guarded by this: what came of a file that did not come to its end stays. */
    private boolean keeps;

    private final CompletableFuture<Void> quiet = new CompletableFuture<>();

    Applier(NodeState node, CommandTable table, Consumer<byte[]> libraries, Runnable forget) {
        this.node = node;
        this.libraries = libraries;
        this.forget = forget;
        this.executor = new CommandExecutor(node, table);
        this.client = client();
        this.decoder = decoder();
    }

    private Client client() {
        Client made = new Client(
                0,
                "primary",
                "primary",
                node.clock().millis(),
                new ReplyWriter(ByteBufAllocator.DEFAULT, REPLIES),
                // The primary wants no replies.
                new NoOutlet(),
                node.memory());
        made.authenticated(true);
        made.primary(true);
        return made;
    }

    private RequestDecoder decoder() {
        return new RequestDecoder(
                node.limits(),
                new ReadBuffers(),
                node.memory(),
                (before, length) -> executor.longArgument(client, before, length));
    }

    /**
     * Nothing more is to be made ours; called by other threads. What is under way may still end: {@link #quiet} says when it has. Where
     * what came is not kept, half of a file is removed before.
     */
    void over(boolean keep) {
        boolean idle;
        synchronized (this) {
            idle = !busy;
            keeps = keep;
            over = true;
        }
        if (idle) {
            quiet.complete(null);
        }
    }

    /** Done once it is over and touches no key any more. */
    CompletableFuture<Void> quiet() {
        return quiet;
    }

    private synchronized void enter() throws IOException {
        following();
        busy = true;
    }

    private void leave() {
        boolean last;
        synchronized (this) {
            busy = false;
            last = over;
        }
        // Not under the lock: who waits for it takes others.
        if (last) {
            quiet.complete(null);
        }
    }

    private synchronized boolean keeps() {
        return keeps;
    }

    /** In place of what was here, what the file has; nothing where it ends too early. Nobody reads what is half there. */
    void fill(InputStream file) throws IOException {
        enter();
        try {
            writable();
            node.settings().loading(true);
            replace(file);
        } finally {
            node.settings().loading(false);
            leave();
        }
    }

    private void replace(InputStream file) throws IOException {
        try {
            clear();
            load(file);
        } catch (IOException | RuntimeException e) {
            // Who ended it to take writes keeps what came.
            if (!keeps()) {
                clear();
            }
            throw e;
        }
    }

    private void clear() {
        Keyspace keyspace = node.keyspace();
        keyspace.each(segment -> {
            for (int db = 0; db < Keyspace.DATABASES; db++) {
                segment.flush(db);
            }
        });
        node.tracking().flushed();
        forget.run();
    }

    private void load(InputStream file) throws IOException {
        RdbImport.Imported filled = RdbImport.run(
                "the primary's file",
                file,
                node.limits().maxBulk(),
                node.keyspace(),
                node.clock().millis(),
                libraries,
                this::writable);
        LOG.info("replication: {} keys, and {} whose time was over", filled.keys(), filled.over());
    }

    /** The stream of writes begins. */
    void begin() {
        decoder.close();
        client.end();
        client = client();
        decoder = decoder();
    }

    /** Makes the writes in these bytes; answers whether it was asked how far it is. */
    boolean apply(byte[] bytes, int length) throws IOException {
        boolean asked = false;
        enter();
        try {
            decoder.feed(Unpooled.wrappedBuffer(bytes, 0, length));
            while (decoder.next()) {
                Args args = decoder.args();
                if (decoder.refused()) {
                    throw new RefusedException("a command of the primary was refused: there is no memory for it");
                }
                if (args.is(0, "REPLCONF")) {
                    asked |= args.count() > 1 && args.is(1, "GETACK");
                } else {
                    run(args);
                }
            }
            decoder.keep();
        } catch (ProtocolException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            executor.rest();
            leave();
        }
        return asked;
    }

    private void run(Args args) throws IOException {
        String refusal = tried(args);
        // Whoever runs a script for too long is waited for.
        while (refusal != null && refusal.startsWith("BUSY ")) {
            LockSupport.parkNanos(AGAIN_NANOS);
            refusal = tried(args);
        }
        if (refusal != null) {
            throw new RefusedException(args.text(0) + " was refused: " + refusal);
        }
    }

    /** Runs a command once it can be run; answers its error, or null. */
    private @Nullable String tried(Args args) throws IOException {
        writable();
        while (!executor.execute(client, args, node.clock().millis())) {
            LockSupport.parkNanos(AGAIN_NANOS);
            writable();
        }
        ByteBuf reply = client.out().take();
        if (reply != null) {
            reply.release();
        }
        return client.out().lastError();
    }

    /** A write of the primary could not be done: what is here is no copy of it any more. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    /** Waits while our own journal is behind. */
    private void writable() throws IOException {
        following();
        for (int i = 0; node.keyspace().durability().refusal() != null; i++) {
            if (i == REFUSED_TRIES) {
                throw new IOException(
                        String.valueOf(node.keyspace().durability().refusal()));
            }
            LockSupport.parkNanos(AGAIN_NANOS);
            following();
        }
    }

    private void following() throws IOException {
        if (over) {
            throw new IOException("nobody is followed any more");
        }
    }

    @Override
    public void close() {
        decoder.close();
        client.end();
        executor.end();
    }
}
