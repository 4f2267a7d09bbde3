package io.plinth.deploy;

import io.plinth.deploy.bench.BenchCommand;
import io.plinth.deploy.command.CheckCommand;
import io.plinth.deploy.command.ConfigReferenceCommand;
import io.plinth.deploy.command.DownCommand;
import io.plinth.deploy.command.ExplainCommand;
import io.plinth.deploy.command.JvmOptionsCommand;
import io.plinth.deploy.command.KillCommand;
import io.plinth.deploy.command.LogsCommand;
import io.plinth.deploy.command.QuietLog;
import io.plinth.deploy.command.RestartCommand;
import io.plinth.deploy.command.RunCommand;
import io.plinth.deploy.command.StartCommand;
import io.plinth.deploy.command.StatusCommand;
import io.plinth.deploy.command.SystemdCommand;
import io.plinth.deploy.command.TrainCommand;
import io.plinth.deploy.command.UpCommand;
import io.plinth.deploy.db.DbCommand;
import io.plinth.deploy.dns.DnsCommand;
import io.plinth.deploy.mq.MqCommand;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code plinth}. */
@Command(
        name = "plinth",
        description = "Starts, watches and stops the whole stack of one file.",
        synopsisHeading = "Usage: ",
        commandListHeading = "%nCommands:%n",
        footer = {"", "`plinth COMMAND --help` says more. The file is deploy/plinth.yaml by default."},
        mixinStandardHelpOptions = true,
        version = "plinth 0.1.0",
        subcommands = {
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            CheckCommand.class,
            LogsCommand.class,
            KillCommand.class,
            StartCommand.class,
            RestartCommand.class,
            ExplainCommand.class,
            RunCommand.class,
            SystemdCommand.class,
            BenchCommand.class,
            MqCommand.class,
            DnsCommand.class,
            DbCommand.class,
            ConfigReferenceCommand.class,
            JvmOptionsCommand.class,
            TrainCommand.class,
        })
public final class Plinth {
    private static final int WRONG_FILE = 2;

    private Plinth() {}

    public static void main(String[] arguments) {
        QuietLog.configure();
        System.exit(commandLine().execute(arguments));
    }

    /** The command line, ready to execute; failures become one line each and an exit code. */
    public static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Plinth());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpWidth(80);
        line.setExecutionExceptionHandler((failure, command, parsed) -> explain(failure, command.getErr()));
        return line;
    }

    private static int explain(Exception failure, PrintWriter err) {
        switch (failure) {
            case ConfigException wrong -> {
                for (Problem problem : wrong.problems()) {
                    err.println(problem);
                }
                err.flush();
                return WRONG_FILE;
            }
            case DeployException own -> {
                err.println("plinth: " + own.getMessage());
                err.flush();
                return own.exitCode();
            }
            case IOException io -> err.println("plinth: " + (io.getMessage() == null ? io : io.getMessage()));
            default -> failure.printStackTrace(err);
        }
        err.flush();
        return 1;
    }
}
