package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** There was no room on the disk, so that it may be tried again; what of it the disk has is not known. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    public NoRoomException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
