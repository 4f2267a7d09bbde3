package io.plinth.kvcache.loader;

/** A source of values. Called on threads that may wait; from several at a time. */
public interface Loader extends AutoCloseable {
    /** The value of a key, or that there is none. */
    Answer load(LoaderKey key) throws LoaderException;

    /** Hands a value on; it is accepted when this returns. */
    void store(LoaderKey key, byte[] value) throws LoaderException;

    /** Removes a value, also one that is not there. */
    void remove(LoaderKey key) throws LoaderException;

    @Override
    void close();
}
