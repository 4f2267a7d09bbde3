package io.plinth.lbproxy.upstream;

/** What a request asks of the pick of its server. Owned by the request's event loop; reused. */
public final class Pick {
    private long tried;
    private boolean fresh;
    private long key;
    private long sticky;

    /** Asks for nothing. */
    public void begin() {
        tried = 0;
        fresh = false;
        key = 0;
        sticky = 0;
    }

    /** A server that is not to be picked while another one can be. */
    public void avoid(Server server) {
        tried |= server.bit();
    }

    /** Whether an idle connection will not do. */
    public void fresh(boolean value) {
        fresh = value;
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

    long tried() {
        return tried;
    }

    boolean fresh() {
        return fresh;
    }

    long key() {
        return key;
    }
}
