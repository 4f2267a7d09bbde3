package io.plinth.kvcache.persist.journal;

import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Changed with the journal's lock, read from any thread: what the journal does with changes, and why writes are refused. */
final class JournalHealth {
    private static final Logger LOG = LoggerFactory.getLogger(JournalHealth.class);
    private static final String REFUSAL = "MISCONF Errors writing to the AOF file: ";
    private static final String BEHIND = REFUSAL + "the disk is slower than the clients (journal-buffer is full)";

    private volatile JournalState state = JournalState.WRITING;
    private volatile @Nullable String refusal;
    private final Condition taken;

    /** {@code taken} is the lock's: that what was gathered is taken to be written, or is not to be waited for. */
    JournalHealth(Condition taken) {
        this.taken = taken;
    }

    JournalState state() {
        return state;
    }

    boolean is(JournalState asked) {
        return state == asked;
    }

    /** What writing commands are answered, in Redis's words; null while they are taken. */
    @Nullable
    String refusal() {
        return refusal;
    }

    /** More waits than may; or does not any more. */
    void behind(boolean yes) {
        if (yes && refusal == null) {
            refusal = BEHIND;
        } else if (!yes && BEHIND.equals(refusal)) {
            refusal = null;
        }
    }

    /** Nothing of a batch could be written. */
    void noRoom(NoRoomException cause) {
        if (state == JournalState.WRITING) {
            state = JournalState.NO_ROOM;
            taken.signalAll();
            refusal = words(cause.getMessage());
            LOG.error(
                    "journal: {}; writes are refused until there is room on the file system of the data folder",
                    cause.getMessage());
        }
    }

    /** Everything that was kept is written. */
    void roomAgain() {
        if (state == JournalState.NO_ROOM) {
            state = JournalState.WRITING;
            refusal = null;
            LOG.warn("journal: there is room again; writes are taken");
        }
    }

    /** Something of what came is on no disk. */
    void broken(@Nullable String why, @Nullable Throwable cause) {
        if (state != JournalState.BROKEN) {
            // Clients are told what began it.
            refusal = state == JournalState.NO_ROOM ? refusal : words(why);
            state = JournalState.BROKEN;
            taken.signalAll();
            LOG.error("journal: {}; writes are refused until a snapshot has what it lacks", why, cause);
        }
    }

    /** A segment is begun that a snapshot is to cover. */
    void anew() {
        state = JournalState.ANEW;
    }

    /** The snapshot is not on the disk; the reason is as before. */
    void uncovered() {
        if (state == JournalState.ANEW) {
            state = JournalState.BROKEN;
        }
    }

    /** The snapshot is. */
    void covered() {
        if (state == JournalState.ANEW) {
            state = JournalState.WRITING;
            refusal = null;
            LOG.warn("journal: a snapshot has what could not be written; writes are taken");
        }
    }

    /**
     * Has part of a long string wait while what is before it fills half of the memory that there is, so that not all of the string waits
     * there and others find room; meanwhile so does its loop, as Redis does while it writes one to its file. The thread that writes wants no segment. Where nothing
     * is written nobody knows for how long that would be.
     */
    void awaitTaken(BooleanSupplier full) {
        while (full.getAsBoolean() && (state == JournalState.WRITING || state == JournalState.ANEW)) {
            taken.awaitUninterruptibly();
        }
    }

    /** What was gathered is taken, or there is nobody who takes it. */
    void taken() {
        taken.signalAll();
    }

    private static String words(@Nullable String why) {
        return REFUSAL + String.valueOf(why).replace('\r', ' ').replace('\n', ' ');
    }
}
