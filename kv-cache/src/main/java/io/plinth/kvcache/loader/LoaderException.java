package io.plinth.kvcache.loader;

import org.jspecify.annotations.Nullable;

/** A loader did not do what it was asked. */
public final class LoaderException extends Exception {
    private final boolean faulty;
    private final boolean unknown;
    private final boolean forGood;

    private LoaderException(
            String message, boolean faulty, boolean unknown, boolean forGood, @Nullable Throwable cause) {
        super(message, cause);
        this.faulty = faulty;
        this.unknown = unknown;
        this.forGood = forGood;
    }

    /** It said no to this, or was not asked. */
    public static LoaderException refused(String message) {
        return new LoaderException(message, false, false, false, null);
    }

    /** It said no to this, and will whenever it is asked. */
    public static LoaderException refusedForGood(String message) {
        return new LoaderException(message, false, false, true, null);
    }

    /** It could not be asked. */
    public static LoaderException down(String message, Throwable cause) {
        return new LoaderException(message, true, false, false, cause);
    }

    /** It failed, and whether it did what it was asked is not known. */
    public static LoaderException broken(String message, @Nullable Throwable cause) {
        return new LoaderException(message, true, true, false, cause);
    }

    /** Whether something is wrong with the loader, not with what it was asked. */
    public boolean faulty() {
        return faulty;
    }

    /** Whether it may have done it nevertheless. */
    public boolean unknown() {
        return unknown;
    }

    /** Whether it makes no sense to ask the same again. */
    public boolean forGood() {
        return forGood;
    }

    /** The message without what would break an error line. */
    public String line() {
        return String.valueOf(getMessage()).replace('\r', ' ').replace('\n', ' ');
    }
}
