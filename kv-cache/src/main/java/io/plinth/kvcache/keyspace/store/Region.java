package io.plinth.kvcache.keyspace.store;

import io.plinth.kvcache.keyspace.memory.NoRoomException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Cleaner;
import java.util.Arrays;

/**
 * Guarded by itself, shared by all {@link Slabs} of a keyspace: one range of addresses, reserved as a whole and given memory page
 * by page as it is needed. So a record is named by 32 bits, its distance from the start in units of eight bytes, and finding it
 * is one addition. Pages that come back are given out again, and to the machine only by {@link #purge}. The range goes with the keyspace.
 */
public final class Region {
    /** What 32 bits of units reach. */
    static final long RESERVED = 32L << 30;

    static final int UNIT_BITS = 3;
    static final int PAGE_BITS = 14;
    static final int PAGE = 1 << PAGE_BITS;

    /** How much the keys of one keyspace may take, with room for what pages leave unused. */
    public static final long MOST = RESERVED - (RESERVED >> 3);

    /** What processors look up as one, where the machine lets them. */
    private static final int HUGE_PAGE = 2 << 20;

    private static final int PAGES_AT_ONCE = HUGE_PAGE / PAGE;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
    private static final Cleaner CLEANER = Cleaner.create();
    private static final MethodHandle MMAP = libc(
            "mmap",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG));
    private static final MethodHandle MPROTECT = libc(
            "mprotect",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final MethodHandle MUNMAP =
            libc("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private static final MethodHandle MADVISE = libc(
            "madvise",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_HUGEPAGE = 14;

    private final long base;
    private final long most;
    /** Pages that have memory; page 0 is never given out, so that 0 names no record. */
    private int committed;

    private int next = 1;
    private int[] free = new int[PAGES_AT_ONCE];
    private int freeCount;

    /** Reserves the addresses. */
    public Region() {
        this(RESERVED);
    }

    /** One that gives out no more than so many bytes. */
    Region(long most) {
        this.most = most;
        long mapped = call(
                () -> (long) MMAP.invokeExact(0L, RESERVED + HUGE_PAGE, 0, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L));
        if (mapped == -1) {
            throw new IllegalStateException("memory: no 32 GiB of addresses (expected: no ulimit -v below that)");
        }
        long aligned = (mapped + HUGE_PAGE - 1) & -HUGE_PAGE;
        this.base = aligned;
        // Records are read all over it: with small pages the look-up of the page would cost as much as the read.
        // A machine that has no large ones refuses, which does no harm.
        call(() -> (long) (int) MADVISE.invokeExact(aligned, RESERVED, MADV_HUGEPAGE));
        CLEANER.register(this, () -> call(() -> (long) (int) MUNMAP.invokeExact(mapped, RESERVED + HUGE_PAGE)));
    }

    @SuppressWarnings("restricted")
    private static MethodHandle libc(String name, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        MemorySegment symbol = linker.defaultLookup().findOrThrow(name);
        return linker.downcallHandle(symbol, type);
    }

    /** A call into libc. */
    private interface Libc {
        long run() throws Throwable;
    }

    private static long call(Libc call) {
        try {
            return call.run();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    long address(int handle) {
        return base + ((handle & 0xffff_ffffL) << UNIT_BITS);
    }

    int handle(long address) {
        return (int) ((address - base) >>> UNIT_BITS);
    }

    long pageAddress(int page) {
        return base + ((long) page << PAGE_BITS);
    }

    int pageOf(long address) {
        return (int) ((address - base) >>> PAGE_BITS);
    }

    /** The number of a page whose contents are not defined. */
    synchronized int take() {
        if (freeCount > 0) {
            return free[--freeCount];
        }
        if (next >= committed) {
            if ((long) (next + PAGES_AT_ONCE) << PAGE_BITS > most) {
                throw new NoRoomException("OOM memory: " + most + " bytes of records (expected: less)");
            }
            long failed = call(() -> (long)
                    (int) MPROTECT.invokeExact(pageAddress(committed), (long) PAGES_AT_ONCE * PAGE, PROT_READ_WRITE));
            if (failed != 0) {
                throw new NoRoomException("OOM memory: the machine gives no more (expected: " + PAGES_AT_ONCE * PAGE
                        + " bytes); lower `memory`");
            }
            if (committed == 0) {
                Layout.removed(pageAddress(0));
            }
            committed += PAGES_AT_ONCE;
        }
        return next++;
    }

    /** Takes a page back. */
    synchronized void give(int page) {
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, freeCount << 1);
        }
        free[freeCount++] = page;
    }

    /** Lets the machine have the memory of pages that wait to be used again. */
    public synchronized void purge() {
        for (int i = 0; i < freeCount; i++) {
            long at = pageAddress(free[i]);
            call(() -> (long) (int) MADVISE.invokeExact(at, (long) PAGE, MADV_DONTNEED));
        }
    }

    /** Bytes that records' pages take, pages that wait to be used again included. */
    public synchronized long resident() {
        return (long) next << PAGE_BITS;
    }

    /** The same without those that wait. */
    public synchronized long inUse() {
        return (long) (next - 1 - freeCount) << PAGE_BITS;
    }
}
