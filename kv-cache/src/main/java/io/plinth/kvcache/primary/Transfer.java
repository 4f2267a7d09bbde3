package io.plinth.kvcache.primary;

import io.plinth.kvcache.persist.copy.Copies;
import io.plinth.kvcache.persist.copy.CopyFile;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its client's loop: sends a file that is being made, and closes the connection behind it. Until it is made an empty line a
 * second says that somebody is there, as in Redis. Of the file only what the client is about to take is in memory; who takes nothing for
 * too long is cut off.
 */
final class Transfer implements Blocked {
    private static final byte[] ALIVE = {'\n'};
    private static final int PIECE = 128 << 10;
    /** As the connection: with more it says when it has room again. */
    private static final int UNSENT = 256 << 10;

    private static final int TICK_MILLIS = 1_000;
    private static final int SOON_MILLIS = 1;

    private final Client client;
    private final Copies copies;
    private final CompletableFuture<CopyFile> asked;
    private final LongSupplier nanos;
    private @Nullable CopyFile file;
    private byte @Nullable [] piece;
    private long at;
    /** What was not taken at the last look, and since when it is no less. */
    private long unsent;

    private long movedNanos;
    private boolean over;

    private Transfer(Client client, Copies copies, CompletableFuture<CopyFile> asked, LongSupplier nanos) {
        this.client = client;
        this.copies = copies;
        this.asked = asked;
        this.nanos = nanos;
        this.movedNanos = nanos.getAsLong();
    }

    /** Has the client wait for its file. On the client's loop. */
    static void begin(Client client, Copies copies, CompletableFuture<CopyFile> asked, LongSupplier nanos) {
        Transfer transfer = new Transfer(client, copies, asked, nanos);
        client.blocked(transfer);
        asked.whenComplete((made, failure) -> client.outlet().later(() -> transfer.made(made, failure)));
        client.outlet().schedule(TICK_MILLIS, transfer::tick);
    }

    private boolean ended() {
        return over || client.closing();
    }

    private void tick() {
        if (ended()) {
            return;
        }
        if (file == null) {
            client.out().raw(ALIVE);
            client.outlet().written();
        } else if (stuck()) {
            client.abort();
            return;
        }
        client.outlet().schedule(TICK_MILLIS, this::tick);
    }

    private boolean stuck() {
        long now = nanos.getAsLong();
        long left = client.outlet().pending();
        if (left == 0 || left != unsent) {
            unsent = left;
            movedNanos = now;
        }
        return now - movedNanos > copies.settings().patience().toNanos();
    }

    private void made(@Nullable CopyFile made, @Nullable Throwable failure) {
        if (ended()) {
            return;
        }
        if (made == null) {
            client.out().error("ERR SYNC: " + (failure == null ? "no file" : failure.getMessage()));
            client.close();
            return;
        }
        file = made;
        client.out().raw(("$" + made.size() + "\r\n").getBytes(StandardCharsets.US_ASCII));
        client.outlet().written();
        next(made);
    }

    private void next(CopyFile of) {
        if (at == of.size()) {
            sent();
            return;
        }
        of.read(at, PIECE).whenComplete((bytes, failure) -> client.outlet().later(() -> came(bytes)));
    }

    private void came(byte @Nullable [] bytes) {
        if (ended()) {
            return;
        }
        if (bytes == null || bytes.length == 0) {
            client.abort();
            return;
        }
        piece = bytes;
        push();
    }

    private void push() {
        byte[] ready = piece;
        CopyFile of = file;
        if (ended() || ready == null || of == null || client.outlet().pending() > UNSENT) {
            return;
        }
        if (client.out().size() > UNSENT) {
            client.outlet().schedule(SOON_MILLIS, this::push);
            return;
        }
        piece = null;
        at += ready.length;
        client.out().raw(ready);
        client.outlet().written();
        next(of);
    }

    private void sent() {
        if (ended()) {
            return;
        }
        if (client.outlet().pending() + client.out().size() == 0) {
            client.close();
        } else {
            // A connection that is closed gives its client less time.
            client.outlet().schedule(SOON_MILLIS, this::sent);
        }
    }

    @Override
    public void writable() {
        push();
    }

    @Override
    public boolean end(boolean error) {
        return false;
    }

    @Override
    public void abandon() {
        if (!over) {
            over = true;
            piece = null;
            client.blocked(null);
            copies.release(asked);
        }
    }
}
