package io.plinth.kvcache.wire;

/** Shared by all loops: what a client may send. */
public final class WireLimits {
    private volatile int maxBulk;
    private final int maxArgs;
    private final int maxInline;
    private final int maxRequest;
    private final int maxItem;

    /** Of a node whose memcached clients may store what others may. */
    public WireLimits(int maxBulk, int maxArgs, int maxInline, int maxRequest) {
        this(maxBulk, maxArgs, maxInline, maxRequest, maxBulk);
    }

    public WireLimits(int maxBulk, int maxArgs, int maxInline, int maxRequest, int maxItem) {
        this.maxItem = maxItem;
        this.maxBulk = maxBulk;
        this.maxArgs = maxArgs;
        this.maxInline = maxInline;
        this.maxRequest = maxRequest;
    }

    /** Bytes of one argument, and of a string that commands make longer. */
    public int maxBulk() {
        return maxBulk;
    }

    /** Changes it, for what comes from now on. */
    public void maxBulk(int bytes) {
        maxBulk = bytes;
    }

    /** Arguments of one command. */
    public int maxArgs() {
        return maxArgs;
    }

    /** Bytes of one line: an inline command, or a length. */
    public int maxInline() {
        return maxInline;
    }

    /** Bytes of a value that memcached's clients store. */
    public int maxItem() {
        return maxItem;
    }

    /** Bytes of one command, but for values that go where keys are as they come. */
    public int maxRequest() {
        return maxRequest;
    }
}
