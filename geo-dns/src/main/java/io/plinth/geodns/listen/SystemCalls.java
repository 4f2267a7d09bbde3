package io.plinth.geodns.listen;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Locale;

/**
 * Owned by one thread: the system calls for datagrams in batches, as Linux has them on 64-bit machines. Each returns what
 * the call does, or the negative of errno.
 */
final class SystemCalls {
    static final int EINTR = 4;
    static final int EAGAIN = 11;

    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int MSG_DONTWAIT = 0x40;
    /** Waits for the first message and takes the others that are there. */
    private static final int MSG_WAITFORONE = 0x10000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle RECVMMSG = handle(
            "recvmmsg",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS));
    private static final MethodHandle SENDMMSG = handle(
            "sendmmsg",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT));
    private static final MethodHandle FCNTL = handle(
            "fcntl",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
            Linker.Option.firstVariadicArg(2));
    private static final MethodHandle SETSOCKOPT = handle(
            "setsockopt",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT));

    private final MemorySegment state;
    private final MemorySegment time;

    SystemCalls(Arena arena) {
        this.state = arena.allocate(STATE);
        this.time = arena.allocate(16, 8);
    }

    /** Whether this machine has these calls in this form. */
    static boolean areThere() {
        return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")
                && ValueLayout.ADDRESS.byteSize() == Long.BYTES;
    }

    @SuppressWarnings("restricted")
    private static MethodHandle handle(String name, FunctionDescriptor type, Linker.Option... more) {
        Linker.Option[] options = java.util.Arrays.copyOf(more, more.length + 1);
        options[more.length] = Linker.Option.captureCallState("errno");
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type, options);
    }

    /** Makes the socket wait for messages, {@code millis} at a time. */
    int waiting(int socket, int millis) {
        time.set(ValueLayout.JAVA_LONG, 0, millis / 1_000);
        time.set(ValueLayout.JAVA_LONG, 8, millis % 1_000 * 1_000L);
        try {
            int done = (int) SETSOCKOPT.invokeExact(state, socket, SOL_SOCKET, SO_RCVTIMEO, time, 16);
            return done < 0 ? failure() : waiting(socket, true);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Makes the socket wait or not. The setting is of the socket, also where another process has it too. */
    int waiting(int socket, boolean waits) {
        try {
            int flags = (int) FCNTL.invokeExact(state, socket, F_GETFL, 0);
            int wanted = waits ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
            int done = flags < 0 ? flags : (int) FCNTL.invokeExact(state, socket, F_SETFL, wanted);
            return done < 0 ? failure() : done;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    int receive(int socket, MemorySegment messages, int count) {
        try {
            int received =
                    (int) RECVMMSG.invokeExact(state, socket, messages, count, MSG_WAITFORONE, MemorySegment.NULL);
            return received < 0 ? failure() : received;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    int send(int socket, MemorySegment messages, int count) {
        try {
            int sent = (int) SENDMMSG.invokeExact(state, socket, messages, count, MSG_DONTWAIT);
            return sent < 0 ? failure() : sent;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private int failure() {
        return -(int) ERRNO.get(state, 0L);
    }

    private static IllegalStateException failed(Throwable e) {
        return new IllegalStateException("system call - not made", e);
    }
}
