package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** There was no room on the disk: nothing of what was to be written is in the journal, and the same may be written again. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final String FULL = "No space left on device";

    /** What the system says; in a language of its own it may say something else. */
    private static final List<String> NO_ROOM = List.of(FULL, "Disk quota exceeded");

    private NoRoomException(String reason, Throwable cause) {
        super(reason, cause);
    }

    /**
     * Why so many bytes could not be allocated: for want of room, with what the system says as the message, or because the disk fails.
     *
     * @param in a folder on the file system that was asked
     */
    static IOException or(String what, Throwable cause, Path in, long wanted) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            String said = String.valueOf(each.getMessage());
            for (String text : NO_ROOM) {
                if (said.contains(text)) {
                    return new NoRoomException(text, cause);
                }
            }
        }
        try {
            if (Files.getFileStore(in).getUsableSpace() < wanted) {
                return new NoRoomException(FULL, cause);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        return new IOException(what + ": " + cause.getMessage(), cause);
    }
}
