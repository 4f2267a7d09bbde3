package io.plinth.kit.health;

import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/** A way to find out whether a server is well. */
@FunctionalInterface
interface Prober {
    /**
     * Probes once.
     *
     * @param name under which a file may know the server
     * @param done called once, on the loop
     * @return gives up
     */
    Runnable probe(
            EventLoop loop, String name, InetSocketAddress target, HealthCheckConfig check, Consumer<ProbeResult> done);
}
