package io.plinth.kit.net;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bound sockets that another process opened: systemd through LISTEN_FDS, or the old process of the same node through
 * SCM_RIGHTS. A listener takes what fits it by name or, where names say nothing, by address. What nobody took is closed.
 */
public final class InheritedSockets implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InheritedSockets.class);

    /** The first descriptor that systemd passes (sd_listen_fds(3)). */
    private static final int SD_LISTEN_FDS_START = 3;

    private static final int MOST = 4096;
    private static final int SOL_SOCKET = 1;
    private static final int SOCK_STREAM = 1;
    private static final IntegerUnixChannelOption SO_TYPE = new IntegerUnixChannelOption("SO_TYPE", SOL_SOCKET, 3);

    /**
     * One socket.
     *
     * @param stream TCP, else UDP
     */
    record Inherited(String name, boolean stream, @Nullable InetSocketAddress address, FileDescriptor descriptor) {}

    private final List<Inherited> left;

    InheritedSockets(List<Inherited> sockets) {
        this.left = new ArrayList<>(sockets);
    }

    /** Nothing is inherited. */
    public static InheritedSockets none() {
        return new InheritedSockets(List.of());
    }

    /** What systemd passed to this process, if LISTEN_PID names it. */
    public static InheritedSockets fromEnvironment(Map<String, String> environment) throws ListenException {
        return fromEnvironment(environment, ProcessHandle.current().pid(), SD_LISTEN_FDS_START);
    }

    static InheritedSockets fromEnvironment(Map<String, String> environment, long pid, int first)
            throws ListenException {
        String count = environment.get("LISTEN_FDS");
        if (count == null || !Long.toString(pid).equals(environment.get("LISTEN_PID"))) {
            return none();
        }
        if (!Epoll.isAvailable()) {
            throw new ListenException(
                    "LISTEN_FDS: " + count + " (expected: none, inheriting sockets needs the epoll transport)", null);
        }
        int sockets = parseCount(count);
        String names = environment.getOrDefault("LISTEN_FDNAMES", "");
        String[] byIndex = names.isEmpty() ? new String[0] : names.split(":", -1);
        List<Inherited> inherited = new ArrayList<>();
        for (int i = 0; i < sockets; i++) {
            FileDescriptor descriptor = new FileDescriptor(first + i);
            DescriptorFlags.nonBlocking(descriptor.intValue());
            inherited.add(describe(i < byIndex.length ? byIndex[i] : "unknown", descriptor));
        }
        return new InheritedSockets(inherited);
    }

    private static int parseCount(String text) throws ListenException {
        try {
            int count = Integer.parseInt(text);
            if (count >= 0 && count <= MOST) {
                return count;
            }
        } catch (NumberFormatException e) {
            LOG.debug("LISTEN_FDS", e);
        }
        throw new ListenException("LISTEN_FDS: " + text + " (expected: 0 to " + MOST + ")", null);
    }

    /** Asks the kernel what a descriptor is; the channel is only the way to ask and is not registered. */
    static Inherited describe(String name, FileDescriptor descriptor) throws ListenException {
        try {
            EpollServerSocketChannel channel = new EpollServerSocketChannel(descriptor.intValue());
            Integer type = channel.config().getOption(SO_TYPE);
            boolean stream = type != null && type == SOCK_STREAM;
            return new Inherited(name, stream, channel.localAddress(), descriptor);
        } catch (RuntimeException e) {
            throw new ListenException(
                    "inherited descriptor " + descriptor.intValue() + ": " + name + " (expected: a bound socket)", e);
        }
    }

    /** Whether nothing is left to take. */
    public synchronized boolean isEmpty() {
        return left.isEmpty();
    }

    /** Removes and returns the sockets of a listener: those of its name, or unnamed ones on its address. */
    synchronized List<FileDescriptor> take(String name, boolean stream, InetSocketAddress wanted) {
        List<FileDescriptor> taken = new ArrayList<>();
        boolean named = left.stream().anyMatch(socket -> socket.stream == stream && socket.name.equals(name));
        for (Iterator<Inherited> each = left.iterator(); each.hasNext(); ) {
            Inherited socket = each.next();
            if (socket.stream != stream) {
                continue;
            }
            boolean sameAddress = wanted.equals(socket.address);
            boolean fits = named ? socket.name.equals(name) : sameAddress;
            // A changed bind in the file wins over an old socket of that name; port 0 accepts any.
            if (fits && (sameAddress || wanted.getPort() == 0 || socket.address == null)) {
                taken.add(socket.descriptor);
                each.remove();
            }
        }
        return taken;
    }

    /** Closes what nobody took, once every listener is bound. */
    @Override
    public synchronized void close() {
        for (Inherited socket : left) {
            LOG.warn("inherited socket {} {} fits no listener and is closed", socket.name, socket.address);
            try {
                socket.descriptor.close();
            } catch (IOException e) {
                LOG.debug("closing an inherited socket", e);
            }
        }
        left.clear();
    }
}
