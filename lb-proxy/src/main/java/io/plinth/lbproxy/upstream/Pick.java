package io.plinth.lbproxy.upstream;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** What a request asks of the pick of its server. Owned by the request's event loop; reused. */
public final class Pick {
    private long tried;
    private boolean fresh;
    private boolean elsewhere;
    private boolean tunnel;
    private long key;
    private long sticky;
    private @Nullable InetSocketAddress client;
    private @Nullable InetSocketAddress local;

    /** Asks for nothing. */
    public void begin() {
        tried = 0;
        fresh = false;
        elsewhere = false;
        tunnel = false;
        key = 0;
        sticky = 0;
        client = null;
        local = null;
    }

    /** Asks for the same as another, but for its cookie's server. */
    public void like(Pick other) {
        begin();
        tried = other.tried;
        key = other.key;
        client = other.client;
        local = other.local;
    }

    /** A server that is not to be picked while another one can be. */
    public void avoid(Server server) {
        tried |= server.bit();
    }

    /** Rather no server than one that is avoided or ejected. */
    public void elsewhere() {
        elsewhere = true;
    }

    /** Whether an idle connection will not do. */
    public void fresh(boolean value) {
        fresh = value;
    }

    /** Whether it asks for a WebSocket. */
    public void tunnel(boolean value) {
        tunnel = value;
    }

    /** The hash that consistent hashing goes by. */
    public void key(long hash) {
        key = hash;
    }

    /** The server that the client's cookie names; 0 for none. */
    public void sticky(long id) {
        sticky = id;
    }

    /** The server that the client's cookie names; 0 for none. */
    public long sticky() {
        return sticky;
    }

    /** Who asks, and at which address of ours. */
    public void between(InetSocketAddress from, InetSocketAddress to) {
        client = from;
        local = to;
    }

    @Nullable
    InetSocketAddress client() {
        return client;
    }

    @Nullable
    InetSocketAddress local() {
        return local;
    }

    long tried() {
        return tried;
    }

    boolean onlyElsewhere() {
        return elsewhere;
    }

    boolean tunnel() {
        return tunnel;
    }

    boolean fresh() {
        return fresh;
    }

    long key() {
        return key;
    }
}
