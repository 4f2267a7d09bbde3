package io.plinth.kvcache.keyspace.stream;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: ids in their order, each with as many numbers beside it as its owner wants, in runs of up to four
 * kilobytes. An entry is named by its run above and its place in that below; one that is added or removed changes the names.
 */
final class IdTable {
    /** No entry. */
    static final long NONE = -1;

    /** What a run takes at most, as long as one of the places there are. */
    private static final int MOST = 4080 >> 3;
    /** What it begins with, in entries. */
    private static final int FEWEST = 4;

    private static final int OBJECT = 56;
    private static final int LOOKED_AT_ONCE = 64;

    private final PendingMemory memory;
    /** Numbers of an entry: the two of its id, and those beside. */
    private final int width;
    /** Entries that a run has at most. */
    private final int most;

    private @Nullable Cells[] runs = new Cells[1];
    private int count;
    private long size;
    private int looked;

    IdTable(PendingMemory memory, int width) {
        this.memory = memory;
        this.width = width;
        this.most = MOST / width;
        memory.took(OBJECT);
    }

    long size() {
        return size;
    }

    private Cells run(int number) {
        return Objects.requireNonNull(runs[number]);
    }

    private static long name(int run, int at) {
        return (long) run << Integer.SIZE | at;
    }

    private Cells runOf(long entry) {
        return run((int) (entry >>> Integer.SIZE));
    }

    private int entries(Cells run) {
        return run.used / width;
    }

    private int compare(Cells run, int at, StreamId id) {
        return StreamId.compare(run.get(at * width), run.get(at * width + 1), id.millis(), id.sequence());
    }

    /** The id of an entry. */
    StreamId id(long entry) {
        Cells run = runOf(entry);
        int cell = (int) entry * width;
        return new StreamId(run.get(cell), run.get(cell + 1));
    }

    /** One of the numbers beside an id, the first is 0. */
    long beside(long entry, int number) {
        return runOf(entry).get((int) entry * width + 2 + number);
    }

    /** Changes one. */
    void beside(long entry, int number, long value) {
        runOf(entry).put((int) entry * width + 2 + number, value);
    }

    /** The run that an id is in, or would be; the last whose first is not larger. */
    private int runFor(StreamId id) {
        int low = 0;
        int high = count - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (compare(run(middle), 0, id) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** The first in a run that is not smaller. */
    private int placeFor(Cells run, StreamId id) {
        int low = 0;
        int high = entries(run);
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (compare(run, middle, id) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The entry of an id, or {@link #NONE}. */
    long find(StreamId id) {
        long entry = ceiling(id);
        return entry == NONE || !id(entry).equals(id) ? NONE : entry;
    }

    /** The first entry whose id is not smaller, or {@link #NONE}. */
    long ceiling(StreamId id) {
        if (count == 0) {
            return NONE;
        }
        int number = runFor(id);
        int at = placeFor(run(number), id);
        return at < entries(run(number)) ? name(number, at) : number + 1 < count ? name(number + 1, 0) : NONE;
    }

    /** The next entry, or {@link #NONE}. */
    long next(long entry) {
        int number = (int) (entry >>> Integer.SIZE);
        int at = (int) entry + 1;
        return at < entries(run(number)) ? name(number, at) : number + 1 < count ? name(number + 1, 0) : NONE;
    }

    /** The first entry, or {@link #NONE}. */
    long first() {
        return count == 0 ? NONE : 0;
    }

    /** The last entry, or {@link #NONE}. */
    long last() {
        return count == 0 ? NONE : name(count - 1, entries(run(count - 1)) - 1);
    }

    /** Adds an id that is not there; answers its entry, whose numbers beside are anything. */
    long add(StreamId id) {
        if (count == 0) {
            insert(0, new Cells(memory, FEWEST * width));
        }
        int number = runFor(id);
        int at = placeFor(run(number), id);
        if (entries(run(number)) == most) {
            if (number == count - 1 && at == most) {
                insert(number + 1, new Cells(memory, FEWEST * width));
                number++;
                at = 0;
            } else {
                split(number);
                if (at > entries(run(number))) {
                    at -= entries(run(number));
                    number++;
                }
            }
        }
        Cells run = run(number);
        if (run.used + width > run.room()) {
            run.room(Math.min(most, 2 * entries(run) + 1) * width);
        }
        run.move(at * width, (at + 1) * width, run.used - at * width);
        run.put(at * width, id.millis());
        run.put(at * width + 1, id.sequence());
        run.used += width;
        size++;
        return name(number, at);
    }

    private void insert(int number, Cells run) {
        if (count == runs.length) {
            int more = count + (count >> 2) + 1;
            memory.took(4L * (more - runs.length));
            runs = Arrays.copyOf(runs, more);
        }
        System.arraycopy(runs, number, runs, number + 1, count - number);
        runs[number] = run;
        count++;
    }

    private void split(int number) {
        Cells run = run(number);
        int stay = entries(run) / 2 * width;
        int going = run.used - stay;
        Cells other = new Cells(memory, going + width);
        other.copy(run, stay, 0, going);
        other.used = going;
        run.used = stay;
        run.room(stay + width);
        insert(number + 1, other);
    }

    /** Removes an entry. */
    void remove(long entry) {
        int number = (int) (entry >>> Integer.SIZE);
        int at = (int) entry * width;
        Cells run = run(number);
        run.move(at + width, at, run.used - at - width);
        run.used -= width;
        size--;
        if (run.used == 0) {
            drop(number);
        } else if (run.used < run.room() / 4) {
            shrink(number);
        }
    }

    private void drop(int number) {
        run(number).release();
        System.arraycopy(runs, number + 1, runs, number, count - number - 1);
        count--;
        runs[count] = null;
        if (count < runs.length / 4) {
            int fewer = count + 1;
            memory.took(4L * (fewer - runs.length));
            runs = Arrays.copyOf(runs, fewer);
        }
    }

    /** It has a quarter of its room: it goes to the one before, or to a shorter place. */
    private void shrink(int number) {
        Cells run = run(number);
        Cells before = number == 0 ? run : run(number - 1);
        if (number > 0 && before.used + run.used <= most * width / 2) {
            before.room(before.used + run.used + width);
            before.copy(run, 0, before.used, run.used);
            before.used += run.used;
            drop(number);
        } else if (run.used >= FEWEST * width) {
            run.room(run.used + run.used / 2);
        }
    }

    /** Has what another has; it has none yet. */
    void fill(IdTable other) {
        for (int i = 0; i < other.count; i++) {
            Cells from = other.run(i);
            Cells run = new Cells(memory, from.used);
            run.copy(from, 0, 0, from.used);
            run.used = from.used;
            insert(count, run);
        }
        size = other.size;
    }

    /** Does this to all memory. */
    void each(Consumer<Cells> action) {
        for (int i = 0; i < count; i++) {
            action.accept(run(i));
        }
    }

    /** It is of no more use. */
    void release() {
        each(Cells::release);
        memory.took(-OBJECT - 4L * (runs.length - 1));
        runs = new Cells[1];
        count = 0;
        size = 0;
    }

    /** Moves some memory out of pages that are nearly empty; answers how many bytes that copied. */
    int compact() {
        int moved = 0;
        for (int i = Math.min(count, LOOKED_AT_ONCE); i > 0; i--) {
            looked = looked + 1 < count ? looked + 1 : 0;
            moved += run(looked).compact();
        }
        return moved;
    }
}
