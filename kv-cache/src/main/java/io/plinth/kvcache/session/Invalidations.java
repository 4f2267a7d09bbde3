package io.plinth.kvcache.session;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: tells clients which keys changed. Written on the loop of who is told. */
final class Invalidations {
    private static final byte[] INVALIDATE = ascii("invalidate");
    private static final byte[] BROKEN = ascii("tracking-redir-broken");
    private static final byte[] MESSAGE = ascii("message");
    private static final byte[] CHANNEL = ascii("__redis__:invalidate");
    /** What a message that waits costs besides its keys. */
    private static final int OVERHEAD = 64;

    private final Clients clients;

    Invalidations(Clients clients) {
        this.clients = clients;
    }

    @Nullable
    Client find(long id) {
        return clients.find(id);
    }

    List<Client> all() {
        return clients.all();
    }

    /** Tells a client, or who stands in for it, that keys changed; null for all keys. */
    void send(Client client, @Nullable List<byte[]> keys) {
        TrackingMode mode = client.tracking();
        if (mode == null) {
            return;
        }
        if (mode.redirect() == 0) {
            write(client, keys, false);
            return;
        }
        Client instead = clients.find(mode.redirect());
        if (instead != null) {
            write(instead, keys, true);
            return;
        }
        client.redirectBroken(true);
        client.push(OVERHEAD, clients.buffers(), out -> {
            if (out.protocol() == 3) {
                out.push(2);
                out.bulk(BROKEN);
                out.integer(mode.redirect());
            }
        });
    }

    private void write(Client to, @Nullable List<byte[]> keys, boolean redirected) {
        int bytes = OVERHEAD;
        if (keys != null) {
            for (byte[] key : keys) {
                bytes += key.length;
            }
        }
        to.push(bytes, clients.buffers(), out -> {
            if (out.protocol() == 3) {
                out.push(2);
                out.bulk(INVALIDATE);
            } else if (redirected && to.confined()) {
                out.array(3);
                out.bulk(MESSAGE);
                out.bulk(CHANNEL);
            } else {
                // RESP2 has no messages but those of subscriptions.
                return;
            }
            if (keys == null) {
                out.nullBulk();
            } else {
                out.array(keys.size());
                keys.forEach(out::bulk);
            }
        });
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
