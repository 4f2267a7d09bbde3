package io.plinth.lbproxy.measure;

import io.netty.channel.Channel;
import io.netty.channel.unix.UnixChannel;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * How many bytes the kernel holds that a peer has not acknowledged (SIOCOUTQ, tcp(7)), which neither the JDK nor Netty
 * tells: a socket's buffer grows to megabytes, and who takes them slowly would look as if it took nothing. Owned by one
 * event loop.
 */
public final class SocketQueue {
    private static final long SIOCOUTQ = 0x5411;

    private final MethodHandle ioctl = ioctl();
    private final MemorySegment result = Arena.ofAuto().allocate(ValueLayout.JAVA_INT);

    @SuppressWarnings("restricted")
    private static MethodHandle ioctl() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find("ioctl").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
    }

    /** Bytes that wait in the kernel; 0 where it does not say. */
    public int unacknowledged(Channel channel) {
        if (!(channel instanceof UnixChannel unix) || !channel.isOpen()) {
            return 0;
        }
        try {
            int failed = (int) ioctl.invokeExact(unix.fd().intValue(), SIOCOUTQ, result);
            return failed == 0 ? result.get(ValueLayout.JAVA_INT, 0) : 0;
        } catch (Throwable e) {
            throw new IllegalStateException("ioctl(2) cannot be called", e);
        }
    }
}
