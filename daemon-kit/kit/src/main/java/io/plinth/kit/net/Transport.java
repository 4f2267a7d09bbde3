package io.plinth.kit.net;

import io.netty.channel.Channel;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringServerSocketChannel;
import io.netty.channel.uring.IoUringSocketChannel;
import java.util.Locale;

/** The ways of talking to the kernel, best first within what was asked for. */
enum Transport {
    EPOLL("epoll", EpollSocketChannel.class, EpollServerSocketChannel.class, EpollDatagramChannel.class),
    IO_URING("io_uring", IoUringSocketChannel.class, IoUringServerSocketChannel.class, IoUringDatagramChannel.class),
    NIO("nio", NioSocketChannel.class, NioServerSocketChannel.class, NioDatagramChannel.class);

    final String label;
    final Class<? extends Channel> client;
    final Class<? extends ServerChannel> server;
    final Class<? extends DatagramChannel> datagram;

    Transport(
            String label,
            Class<? extends Channel> client,
            Class<? extends ServerChannel> server,
            Class<? extends DatagramChannel> datagram) {
        this.label = label;
        this.client = client;
        this.server = server;
        this.datagram = datagram;
    }

    /** Several sockets on one port, the kernel spreading connections over them. */
    boolean reusesPorts() {
        return this != NIO;
    }

    IoHandlerFactory handler() {
        return switch (this) {
            case EPOLL -> EpollIoHandler.newFactory();
            case IO_URING -> RingIoHandler.newFactory();
            case NIO -> NioIoHandler.newFactory();
        };
    }

    boolean available() {
        return switch (this) {
            case EPOLL -> Epoll.isAvailable();
            case IO_URING -> IoUring.isAvailable();
            case NIO -> true;
        };
    }

    /** What was asked for where it works, else epoll, else NIO. */
    static Transport choose(String preferred) {
        Transport asked = parse(preferred);
        if (asked.available()) {
            return asked;
        }
        return EPOLL.available() ? EPOLL : NIO;
    }

    static Transport parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "epoll" -> EPOLL;
            case "io_uring" -> IO_URING;
            case "nio" -> NIO;
            default -> throw new IllegalArgumentException("transport: " + text + " (expected: epoll, io_uring or nio)");
        };
    }
}
