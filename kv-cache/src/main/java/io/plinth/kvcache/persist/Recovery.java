package io.plinth.kvcache.persist;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.persist.effect.Coverage;
import io.plinth.kvcache.persist.effect.Replay;
import io.plinth.kvcache.persist.journal.ChronicleStore;
import io.plinth.kvcache.persist.journal.Damage;
import io.plinth.kvcache.persist.journal.JournalScanner;
import io.plinth.kvcache.persist.snapshot.SnapshotFacts;
import io.plinth.kvcache.persist.snapshot.SnapshotReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What came back at a start.
 *
 * @param keys of the snapshot
 * @param changes of the journal made again
 * @param misfits changes that did not fit what was there; their keys are gone
 * @param torn ends of the journal's segments that a crash tore
 * @param damages what was not as it had been written
 * @param journalFrom the first segment that the snapshot lacks; those before it are never read again
 * @param libraries of functions there were in the end
 * @param once whether the snapshot was left by a stop, and nothing was kept up since
 */
public record Recovery(
        long keys,
        long changes,
        long misfits,
        List<Damage> torn,
        List<Damage> damages,
        @Nullable Path snapshot,
        int journalFrom,
        List<byte[]> libraries,
        boolean once) {

    /** Whether there was nothing to come back from. */
    boolean nothing() {
        return snapshot == null && changes == 0 && libraries.isEmpty() && damages.isEmpty();
    }

    /** Fills an empty keyspace from the newest snapshot that can be read and the journal behind it. */
    static Recovery run(
            Keyspace keyspace, NavigableMap<Integer, Path> snapshots, Path journal, long nowMillis, boolean kept)
            throws IOException {
        List<Damage> damages = new ArrayList<>();
        long[] sequences = new long[Keyspace.SEGMENTS];
        Coverage coverage = null;
        long keys = 0;
        int from = 0;
        Path used = null;
        List<byte[]> libraries = List.of();
        boolean once = false;
        for (Path path : snapshots.descendingMap().values()) {
            try (SnapshotReader reader = new SnapshotReader(path)) {
                SnapshotFacts facts = reader.facts();
                if (facts == null) {
                    damages.add(
                            new Damage(String.valueOf(path.getFileName()), 0, "all of it: neither end can be read"));
                    continue;
                }
                coverage = reader.load(keyspace, nowMillis, sequences);
                keys = reader.keys();
                libraries = Objects.requireNonNullElse(reader.libraries(), libraries);
                damages.addAll(reader.damages());
                from = facts.journalFrom();
                used = path;
                once = facts.atStop() && !kept;
            }
            break;
        }
        if (coverage == null && !complete(snapshots, journal)) {
            // Of what a snapshot had, parts that changed since would be taken for the whole.
            coverage = new Coverage(keyspace.hasher());
            // Also where it was begun anew: those before went once a snapshot had all of them.
            from = first(journal, from);
            damages.add(new Damage("snapshots", 0, "none can be read; only what the journal says all of is back"));
        }
        Replay replay = new Replay(keyspace, coverage, nowMillis, sequences);
        JournalScanner scanner = new JournalScanner(journal, replay::record);
        damages.addAll(scanner.scan(from));
        libraries = Objects.requireNonNullElse(replay.libraries(), libraries);
        keyspace.makeRoom(0);
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            keyspace.sequence(i, sequences[i]);
        }
        return new Recovery(
                keys, replay.applied(), replay.misfits(), scanner.torn(), damages, used, from, libraries, once);
    }

    private static int first(Path journal, int otherwise) throws IOException {
        NavigableMap<Integer, Path> segments = ChronicleStore.segments(journal);
        return segments.isEmpty() ? otherwise : segments.firstKey();
    }

    /** Whether the journal has everything from the begin on. */
    private static boolean complete(NavigableMap<Integer, Path> snapshots, Path journal) throws IOException {
        NavigableMap<Integer, Path> segments = ChronicleStore.segments(journal);
        return snapshots.isEmpty() && (segments.isEmpty() || segments.firstKey() == 1);
    }
}
