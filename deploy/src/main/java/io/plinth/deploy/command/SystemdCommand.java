package io.plinth.deploy.command;

import io.plinth.deploy.plan.Plan;
import io.plinth.deploy.plan.SystemdUnits;
import io.plinth.deploy.process.Installation;
import io.plinth.kit.config.StackFile;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plinth systemd}. */
@Command(
        name = "systemd",
        header = "Prints or writes systemd units for daemons and apps.",
        description =
                "A service for each daemon node and each instance of an app of the file, which systemd restarts, and a"
                        + " target for all of them. PostgreSQL servers have none: its packages bring their own.",
        mixinStandardHelpOptions = true)
public final class SystemdCommand implements Callable<Integer> {
    @Option(
            names = "--into",
            paramLabel = "DIR",
            description = "Writes them there, as /etc/systemd/system (default: prints them).")
    private @Nullable Path into;

    @Option(names = "--user", paramLabel = "USER", description = "Whom they run as (default: ${DEFAULT-VALUE}).")
    private String user = "plinth";

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        StackFile file = options.read(null);
        Installation installation = Installation.ofThisJvm();
        Path state = file.state().toAbsolutePath().normalize();
        SystemdUnits units = new SystemdUnits(
                file.stack().stack(),
                installation.home().resolve("plinth"),
                installation.javaHome(),
                file.path().toAbsolutePath().normalize(),
                state,
                user);
        PrintWriter out = Output.of(spec);
        Path folder = into;
        if (folder != null) {
            Files.createDirectories(folder);
        }
        for (Map.Entry<String, String> unit : units.of(Plan.of(file, false)).entrySet()) {
            if (folder == null) {
                out.println("# " + unit.getKey());
                out.println(unit.getValue());
            } else {
                Files.writeString(folder.resolve(unit.getKey()), unit.getValue());
                out.println(folder.resolve(unit.getKey()));
            }
        }
        if (folder != null) {
            out.println(
                    "now make " + state + ", owned by " + user + ", then: systemctl daemon-reload && systemctl enable"
                            + " --now 'plinth-" + file.stack().stack() + "*'");
        }
        return 0;
    }
}
