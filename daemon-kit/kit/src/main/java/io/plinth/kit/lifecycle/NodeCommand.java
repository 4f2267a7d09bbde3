package io.plinth.kit.lifecycle;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One node in the foreground. */
@Command(
        mixinStandardHelpOptions = true,
        description = "Runs one node of the file in the foreground. SIGTERM drains and stops it, SIGHUP reads the file"
                + " again.",
        sortOptions = false)
final class NodeCommand implements Callable<Integer> {
    private final DaemonType type;
    private final Collection<? extends SectionType> kinds;

    @Parameters(paramLabel = "NODE", description = "The node's name under `nodes`.")
    private String node = "";

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "The stack's file (default: ${DEFAULT-VALUE}).",
            defaultValue = "plinth.yaml")
    private Path file = Path.of("plinth.yaml");

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Sets a key over the file: kv-cache.memory=1GiB.")
    private Map<String, String> set = new LinkedHashMap<>();

    @Option(
            names = "--transport",
            paramLabel = "NAME",
            description = "epoll, io_uring or nio (default: ${DEFAULT-VALUE}).",
            defaultValue = "${sys:plinth.transport:-epoll}")
    private String transport = "epoll";

    @Option(
            names = "--drain-seconds",
            paramLabel = "N",
            description = "How long a stop waits for what is in flight (default: ${DEFAULT-VALUE}).",
            defaultValue = "10")
    private int drainSeconds = 10;

    @Option(
            names = "--take-over",
            description = "Takes listeners over from the process that runs the node now, which then drains and stops.")
    private boolean takeOver;

    NodeCommand(DaemonType type, Collection<? extends SectionType> kinds) {
        this.type = type;
        this.kinds = kinds;
    }

    @Override
    public Integer call() throws InterruptedException {
        NodeLog.configure(node, System.getProperty("plinth.log", "text"));
        Map<String, String> environment = System.getenv();
        StackFileLoader loader = path -> StackFiles.read(path, kinds, environment, set);
        NodeOptions options = new NodeOptions(
                transport,
                Duration.ofSeconds(Math.max(0, drainSeconds)),
                environment,
                takeOver,
                loader,
                Clock.systemUTC());
        try {
            StackFile read = loader.load(file);
            CompletableFuture<RunningNode> started = new CompletableFuture<>();
            handleSignals(started, options.drain());
            new OsChecks(Path.of("/proc")).warnings().forEach(logger()::warn);
            RunningNode running = NodeRunner.start(type, read, node, options);
            // What a start compiles nobody waits for.
            NiceValue.raiseCompilers();
            started.complete(running);
            running.stopped().join();
            return 0;
        } catch (ConfigException | StartException e) {
            System.err.println(e.getMessage());
            return 1;
        } catch (IllegalArgumentException e) {
            System.err.println(FailureLine.of(node, e));
            return 1;
        }
    }

    private static Logger logger() {
        return LoggerFactory.getLogger(NodeCommand.class);
    }

    /** The first TERM or INT drains (a starting node once it has started), a second one ends that; HUP reads the file. */
    private static void handleSignals(CompletableFuture<RunningNode> started, Duration drain) {
        AtomicBoolean asked = new AtomicBoolean();
        Runnable stop = () -> {
            if (asked.compareAndSet(false, true)) {
                started.thenAccept(running -> running.drainAndStop(drain));
            } else if (started.isDone()) {
                started.thenAccept(RunningNode::hurry);
            } else {
                System.exit(0);
            }
        };
        Signals.on("TERM", stop);
        Signals.on("INT", stop);
        Signals.on("HUP", () -> started.thenAccept(NodeCommand::reload));
    }

    private static void reload(RunningNode running) {
        running.reload().whenComplete((done, failure) -> {
            if (failure != null) {
                logger().warn(
                                "{} keeps its configuration, the file cannot be used:\n{}",
                                running.name(),
                                FailureLine.of(running.name(), failure));
            }
        });
    }
}
