package io.plinth.kvcache.loader.behind;

import java.util.Arrays;

/** Guarded by the queue's lock: a key with a write that waits to be handed on. */
final class BehindItem {
    final Name name;
    /** The last write that was given in; 0 before the first. */
    long number;
    /** The last one that is on the disk. */
    long durable;
    /** The last one that its loader has, or refused for good. */
    long ended;

    long acceptedMillis;
    long size;
    int attempts;
    /** How often in a row the loader refused it for good. */
    int refusals;
    /** What its value takes that is under way. */
    long underWay;
    /** It waited for its loader, and has its place there now. */
    boolean admitted;

    long dueMillis;
    /** In the queue of those whose time comes, or under way. */
    boolean planned;

    /** A loader's key. */
    record Name(String loader, byte[] key) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Name name && loader.equals(name.loader) && Arrays.equals(key, name.key);
        }

        @Override
        public int hashCode() {
            return 31 * loader.hashCode() + Arrays.hashCode(key);
        }

        @Override
        public String toString() {
            return loader + ", " + key.length + " bytes";
        }

        byte[] recordKey() {
            return BehindRecord.key(loader, key);
        }
    }

    BehindItem(Name name) {
        this.name = name;
    }

    /** Whether the disk has a write that is to be handed on: one may be handed on, and over, before who stored it says that it is there. */
    boolean waits() {
        return durable > ended;
    }

    static Name name(BehindWrite write) {
        return new Name(write.loader(), write.key());
    }
}
