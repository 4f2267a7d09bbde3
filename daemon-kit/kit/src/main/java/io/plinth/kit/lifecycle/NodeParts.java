package io.plinth.kit.lifecycle;

import io.plinth.kit.admin.AdminHooks;
import io.plinth.kit.admin.AdminServer;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.metrics.JvmMetrics;
import io.plinth.kit.metrics.LoopStalls;
import io.plinth.kit.metrics.Metrics;
import io.plinth.kit.net.BoundListeners;
import io.plinth.kit.net.HandoverClient;
import io.plinth.kit.net.InheritedSockets;
import io.plinth.kit.net.ListenerHandover;
import io.plinth.kit.net.NettyEventLoops;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Everything a node has open, in the order it was opened. Owned by the runner thread. */
final class NodeParts implements AutoCloseable {
    /** What an old process may need to close, beyond its drain. */
    private static final long HANDOVER_MILLIS = 10_000;

    private final String name;
    private final NodeConfig config;
    private final StackFile file;
    private final NodeOptions options;
    private final Closers closers = new Closers();
    private @Nullable Daemon daemon;
    private @Nullable InetSocketAddress admin;
    private @Nullable Notify notifier;
    private @Nullable DataFolder data;
    private @Nullable BoundListeners adminListeners;
    private String transport = "";
    private int loopCount;

    NodeParts(String name, NodeConfig config, StackFile file, NodeOptions options) {
        this.name = name;
        this.config = config;
        this.file = file;
        this.options = options;
    }

    void open(DaemonType type, AdminHooks hooks, Supplier<CompletionStage<Void>> onTaken) throws Exception {
        DataFolder folder = closers.add(DataFolder.make(name, file.state()));
        data = folder;
        NettyEventLoops adminLoops = closers.add(NettyEventLoops.open(name, "admin", 1, "epoll"));
        notifier = new Notify(options.environment(), adminLoops);
        Path handover = folder.path().resolve("handover.sock");
        HandoverClient taken = options.takeOver() ? HandoverClient.take(handover, adminLoops) : null;
        if (taken != null) {
            closers.add(taken);
        }
        boolean together = taken != null && type.sharesData();
        if (!together) {
            lock(folder, taken);
        }
        InheritedSockets inherited =
                taken != null ? taken.sockets() : closers.add(InheritedSockets.fromEnvironment(options.environment()));
        NettyEventLoops loops = loops(inherited);
        BoundListeners listeners =
                closers.add(new BoundListeners(name, listener -> keyOf(type, listener), loops, inherited));
        BoundListeners admins =
                closers.add(new BoundListeners(name, listener -> keyOf(type, listener), adminLoops, inherited));
        adminListeners = admins;

        Metrics metrics = new Metrics();
        JvmMetrics.register(metrics);
        LoopStalls.register(metrics, loops, System::nanoTime);
        AdminServer server = new AdminServer(metrics, hooks);
        Daemon created = type.create(new NodeContext(
                name, config, file, folder.path(), loops, listeners, metrics, server, options.clock(), hooks::drain));
        daemon = closers.add(created);
        admin = server.start(admins, file.admin(name)).address();
        created.start();
        if (taken != null && together) {
            lock(folder, taken);
        }
        inherited.close();
        ListenerHandover offer = ListenerHandover.offer(handover, adminLoops, List.of(listeners, admins), onTaken);
        if (offer != null) {
            closers.add(offer);
        }
    }

    /** Takes the folder's lock, from the old process where there is one: it may drain first. */
    private void lock(DataFolder folder, @Nullable HandoverClient taken) throws StartException, InterruptedException {
        if (taken == null) {
            folder.lock(0);
        } else {
            taken.complete();
            folder.lock(options.drain().toMillis() + HANDOVER_MILLIS);
        }
    }

    private NettyEventLoops loops(InheritedSockets inherited) {
        loopCount = config.loops() == null ? Runtime.getRuntime().availableProcessors() : config.loops();
        // Only epoll can be given a descriptor.
        String wanted = inherited.isEmpty() ? options.transport() : "epoll";
        NettyEventLoops loops = closers.add(NettyEventLoops.open(name, loopCount, wanted));
        transport = loops.transport();
        return loops;
    }

    /** Another process has the listeners: it gets the admin connections too, and the folder where it can be shared. */
    void handedOver(boolean sharesData) {
        present(adminListeners).stopAccepting();
        if (sharesData) {
            present(data).close();
        }
    }

    private String keyOf(DaemonType type, String listener) {
        if (listener.equals("admin")) {
            return "nodes." + name + ".admin";
        }
        return type.standardPort() == 0 ? config.run() + ".listeners." + listener + ".bind" : "nodes." + name + ".port";
    }

    Daemon daemon() {
        return present(daemon);
    }

    InetSocketAddress admin() {
        return present(admin);
    }

    Notify notifier() {
        return present(notifier);
    }

    private <T> T present(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("node " + name + " - not started");
        }
        return part;
    }

    /** {@code public 127.0.0.1:8080, admin 127.0.0.1:9900 (epoll, 2 loops)}. */
    String summary() {
        Map<String, InetSocketAddress> all = new TreeMap<>(daemon().listening());
        String listeners = all.entrySet().stream()
                .map(listener -> listener.getKey() + " " + text(listener.getValue()) + ", ")
                .collect(Collectors.joining());
        return listeners + "admin " + text(admin()) + " (" + transport + ", " + loopCount + " loops)";
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress() == null
                ? address.getHostString()
                : address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    @Override
    public void close() {
        closers.close();
    }
}
