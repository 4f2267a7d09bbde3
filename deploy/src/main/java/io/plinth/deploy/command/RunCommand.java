package io.plinth.deploy.command;

import io.plinth.deploy.Daemons;
import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Unit;
import io.plinth.deploy.process.LogRotation;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.start.HostedDaemons;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.NodeLog;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.StartException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code plinth run NODE}. */
@Command(
        name = "run",
        header = "Runs one daemon node in the foreground.",
        description = "What systemd and containers call. SIGTERM drains and stops it, SIGHUP reads the file again.",
        mixinStandardHelpOptions = true)
public final class RunCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "NODE", description = "The node's name under `nodes`.")
    private @Nullable String node;

    @Option(names = "--all", description = "Runs every daemon node of the file in this process.")
    private boolean all;

    @Option(
            names = "--take-over",
            description = "Takes listeners over from the process that runs the node now, which then stops.")
    private boolean takeOver;

    @Mixin
    private StackOptions options = new StackOptions();

    @Override
    public Integer call() throws Exception {
        StackFile file = options.read(null);
        String name = node;
        if (all) {
            rotate(file, Unit.Host.NAME);
            return runAll(file);
        }
        if (name == null) {
            throw new DeployException(
                    "run: name a node of " + new TreeSet<>(file.stack().nodes().keySet()), 2);
        }
        DaemonType type = Daemons.named(node(file, name).kind())
                .orElseThrow(() -> new DeployException("no daemon for node " + name + "; `plinth check` the file"));
        rotate(file, name);
        List<String> arguments =
                new ArrayList<>(List.of(name, "--file", file.path().toString()));
        options.overrides().forEach((key, value) -> arguments.addAll(List.of("--set", key + "=" + value)));
        if (takeOver) {
            arguments.add("--take-over");
        }
        return NodeRunner.main(type, Daemons.ALL, arguments.toArray(String[]::new));
    }

    private static void rotate(StackFile file, String name) {
        StackConfig.Logs logs = file.stack().logs();
        LogRotation.begin(new RunFolder(file.state()).log(name), logs.size().bytes(), logs.kept());
    }

    private int runAll(StackFile file) throws InterruptedException, DeployException {
        NodeLog.configure(file.stack().stack(), System.getProperty("plinth.log", "text"));
        try {
            HostedDaemons daemons = HostedDaemons.start(file, path -> options.reread());
            CountDownLatch forever = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(daemons::close, "stop"));
            forever.await();
            return 0;
        } catch (StartException e) {
            throw new DeployException(String.valueOf(e.getMessage()));
        }
    }

    static NodeConfig node(StackFile file, @Nullable String name) throws DeployException {
        if (name == null) {
            throw new DeployException(
                    "name a node of " + new TreeSet<>(file.stack().nodes().keySet()), 2);
        }
        NodeConfig node = file.stack().nodes().get(name);
        if (node == null) {
            throw new DeployException("no node " + name + " in " + file.path() + " (expected: one of "
                    + new TreeSet<>(file.stack().nodes().keySet()) + ")");
        }
        return node;
    }
}
