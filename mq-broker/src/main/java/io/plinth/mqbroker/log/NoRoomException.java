package io.plinth.mqbroker.log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A record was not appended: nothing of it is in the log, what came before is as it was, and it may be tried again. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What the system says where space or descriptors are used up for now; in a language of its own it may say something else. */
    private static final List<String> NO_ROOM =
            List.of("No space left on device", "Disk quota exceeded", "Too many open files");

    private static final List<String> FAILED = List.of("Input/output error", "Read-only file system");

    NoRoomException(String what, IOException cause) {
        super(what + ": " + cause.getMessage(), cause);
    }

    /**
     * Why space could not be allocated: for want of it, or because the disk fails, which is no reason to go on.
     *
     * @param in a file or folder on the file system that was asked
     * @param wanted how many octets were
     */
    static IOException or(String what, IOException cause, Path in, long wanted) {
        return isNoRoom(cause, in, wanted) ? new NoRoomException(what, cause) : failed(what, cause);
    }

    /** Why a segment could not be made: nothing of it is there, so it may be made another time unless the disk fails. */
    static IOException notMade(String what, IOException cause) {
        return says(cause, FAILED) ? failed(what, cause) : new NoRoomException(what, cause);
    }

    private static IOException failed(String what, IOException cause) {
        return new IOException(what + ": " + cause.getMessage(), cause);
    }

    private static boolean isNoRoom(IOException cause, Path in, long wanted) {
        try {
            return says(cause, NO_ROOM) || Files.getFileStore(in).getUsableSpace() < wanted;
        } catch (IOException e) {
            cause.addSuppressed(e);
            return false;
        }
    }

    private static boolean says(Throwable cause, List<String> texts) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            String said = each.getMessage();
            if (said != null && texts.stream().anyMatch(said::contains)) {
                return true;
            }
        }
        return false;
    }
}
