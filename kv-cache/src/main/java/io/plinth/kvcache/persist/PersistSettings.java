package io.plinth.kvcache.persist;

import io.plinth.kvcache.persist.copy.CopySettings;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the file says about persistence.
 *
 * @param folder the node's data folder
 * @param journal off, everysec or always
 * @param snapshotEvery null for not by time
 */
public record PersistSettings(
        Path folder,
        String journal,
        @Nullable Duration snapshotEvery,
        boolean snapshotOnStop,
        long journalSize,
        long journalBuffer,
        CopySettings copies) {

    boolean journals() {
        return !journal.equals("off");
    }

    boolean always() {
        return journal.equals("always");
    }

    /** Whether what a snapshot lacks is known to be short: then it is used again after a crash. */
    boolean keeps() {
        return journals() || snapshotEvery != null;
    }
}
