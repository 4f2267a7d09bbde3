package io.plinth.kit.net;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** fcntl(2), which neither the JDK nor Netty offers: systemd passes blocking sockets, on which a loop hangs. */
final class DescriptorFlags {
    private static final int F_SETFD = 2;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final int FD_CLOEXEC = 1;

    private DescriptorFlags() {}

    static void nonBlocking(int descriptor) throws ListenException {
        try {
            MethodHandle fcntl = fcntl();
            int flags = (int) fcntl.invokeExact(descriptor, F_GETFL, 0);
            int set = flags < 0 ? flags : (int) fcntl.invokeExact(descriptor, F_SETFL, flags | O_NONBLOCK);
            int close = set < 0 ? set : (int) fcntl.invokeExact(descriptor, F_SETFD, FD_CLOEXEC);
            if (close < 0) {
                throw new ListenException(
                        "inherited descriptor " + descriptor + ": not open (expected: a socket, see LISTEN_FDS)", null);
            }
        } catch (ListenException e) {
            throw e;
        } catch (Throwable e) {
            throw new ListenException("inherited descriptor " + descriptor + ": " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle fcntl() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find("fcntl").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));
    }
}
