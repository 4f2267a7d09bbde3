package io.plinth.kvcache.loader.behind;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;
import java.time.Duration;

/** The queue of writes that are handed on later. */
@Doc("The queue on disk of writes that patterns with `write: behind` hand on later.")
public record BehindConfig(
        @Doc("How long a write waits for others of its key before it is handed on; of several the last counts.")
        @Default("100ms")
        @Range(min = "0ms", max = "1h")
        Duration delay,

        @Doc("Keys that may wait.") @Default("100000") @Range(min = "1", max = "100000000")
        int keys,

        @Doc("What their values may take together.") @Default("256MiB") @Range(min = "1KiB", max = "1TiB")
        DataSize bytes,

        @Doc("Where the queue is full: `refuse` writes, or `slow` them down: they wait for room, at most `patience`.")
        @Default("slow")
        FullMode whenFull,

        @Doc("How long a write may wait for room.") @Default("2s") @Range(min = "10ms", max = "10m")
        Duration patience,

        @Doc("The longest pause between two attempts to hand a write on; the first is 100 ms, each twice the one"
                + " before.")
        @Default("30s")
        @Range(min = "100ms", max = "1h")
        Duration retry,

        @Doc("What the values may take together that one loader is being given; one write always is.")
        @Default("32MiB")
        @Range(min = "1KiB", max = "1TiB")
        DataSize handOver,

        @Doc("How often in a row a loader may refuse a write for good (HTTP 400, 411, 413, 414, 415, 422 and 431;"
                + " PostgreSQL's classes 22 and 23) before it is set aside: a line of JSON in `behind-refused.jsonl` of"
                + " the data folder has it (twice, perhaps, after a crash), and its key leaves the cache.")
        @Default("8")
        @Range(min = "1", max = "1000000")
        int refusals,

        @Doc("How long that file may be; what is refused then is dropped, counted and logged.")
        @Default("64MiB")
        @Range(min = "0B", max = "1TiB")
        DataSize refusedBytes) {

    /** What to do with a full queue. */
    public enum FullMode {
        REFUSE,
        SLOW
    }
}
