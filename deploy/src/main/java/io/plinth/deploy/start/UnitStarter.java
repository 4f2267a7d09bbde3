package io.plinth.deploy.start;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Claim;
import io.plinth.deploy.plan.Sizing;
import io.plinth.deploy.plan.Unit;
import io.plinth.deploy.process.Installation;
import io.plinth.deploy.process.LogRotation;
import io.plinth.deploy.process.ProcessId;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.process.Spawner;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackConfig;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Turns a unit into a running process and its record. Stateless. */
public final class UnitStarter {
    /** glibc gives every thread an arena of its own otherwise, which a JVM with few native allocations only pays for. */
    private static final Map<String, String> JVM_ENV = Map.of("MALLOC_ARENA_MAX", "2");

    private final StackFile file;
    private final Path state;
    private final Map<String, String> settings;
    private final Installation installation;
    private final RunFolder folder;
    private final Procfs procfs;
    private final Spawner spawner;
    private final PostgresServers postgres;

    /**
     * Starts units of {@code file}.
     *
     * @param settings what the command line sets over the file, for the daemons too
     */
    public UnitStarter(
            StackFile file,
            Map<String, String> settings,
            Installation installation,
            RunFolder folder,
            Procfs procfs,
            Spawner spawner) {
        this.file = file;
        this.settings = Map.copyOf(settings);
        this.state = file.state();
        this.installation = installation;
        this.folder = folder;
        this.procfs = procfs;
        this.spawner = spawner;
        this.postgres = new PostgresServers(state);
    }

    /** Makes what must exist before any of {@code units} is started; slow at the first time. */
    public void prepare(Unit.Postgres primary, List<Unit> units) throws IOException {
        postgres.prepare(primary);
        for (Unit unit : units) {
            if (unit instanceof Unit.Postgres replica && primary.equals(replica.primary())) {
                postgres.prepare(replica);
            }
        }
    }

    /** Starts it and writes its record; does not wait until it is ready. */
    public Launched start(Unit unit) throws IOException, DeployException {
        return start(unit, List.of());
    }

    /** Starts another process of a daemon, which takes the listeners over from the one that runs. */
    public Launched takeOver(Unit.Daemon daemon) throws IOException, DeployException {
        return start(daemon, List.of("--take-over"));
    }

    private Launched start(Unit unit, List<String> more) throws IOException, DeployException {
        Path log = folder.log(unit.name());
        Files.createDirectories(log.getParent());
        if (unit instanceof Unit.App || unit instanceof Unit.Postgres) {
            StackConfig.Logs logs = file.stack().logs();
            LogRotation.atStart(log, logs.size().bytes(), logs.kept());
        }
        long logStart = Files.exists(log) ? Files.size(log) : 0;
        Process process = switch (unit) {
            case Unit.Daemon daemon -> {
                List<String> arguments = new ArrayList<>(List.of("run", daemon.name()));
                arguments.addAll(more);
                yield jvm(List.of(daemon.node()), arguments, log);
            }
            case Unit.Host host ->
                jvm(host.daemons().stream().map(Unit.Daemon::node).toList(), List.of("run", "--all"), log);
            case Unit.App app -> app(app, log);
            case Unit.Postgres server -> spawner.start(postgres.command(server), postgres.folder(), Map.of(), log);
        };
        ProcessId id = procfs.identify(process.pid())
                .orElseThrow(() -> new DeployException(died(unit.name(), process, log, logStart)));
        RunRecord record = record(unit, unit.name(), unit.kind(), unit.claims(), unit.probe(), id);
        folder.write(record);
        if (unit instanceof Unit.Host host) {
            for (Unit.Daemon daemon : host.daemons()) {
                folder.write(record(unit, daemon.name(), daemon.kind(), daemon.claims(), daemon.probe(), id));
            }
        }
        return new Launched(unit, record, process, log, logStart);
    }

    private static RunRecord record(
            Unit unit, String name, String kind, List<Claim> claims, String probe, ProcessId id) {
        Map<String, String> listens = new LinkedHashMap<>();
        if (!(unit instanceof Unit.Host && name.equals(unit.name()))) {
            claims.forEach(claim -> listens.put(claim.listener(), claim.at().toString()));
        }
        return new RunRecord(
                name, kind, id, unit.name(), unit.level().number(), unit.stopSignal(), unit.patience(), probe, listens);
    }

    private Process jvm(List<NodeConfig> nodes, List<String> arguments, Path log) throws IOException {
        List<String> whole = new ArrayList<>(arguments);
        whole.addAll(List.of("--file", file.path().toAbsolutePath().toString(), "--state", state.toString()));
        settings.forEach((key, value) -> whole.addAll(List.of("--set", key + "=" + value)));
        return spawner.start(installation.command(Sizing.of(file, nodes), whole), folderOfFile(), JVM_ENV, log);
    }

    private Process app(Unit.App app, Path log) throws IOException, DeployException {
        List<String> command = new ArrayList<>(app.config().command());
        Path program = folderOfFile().resolve(command.getFirst());
        if (command.getFirst().indexOf('/') >= 0) {
            if (!Files.isExecutable(program)) {
                throw new DeployException(app.name() + ": no program " + program
                        + " (expected: an executable file; change apps." + app.app() + ".command)");
            }
            command.set(0, program.toString());
        }
        Map<String, String> env = new LinkedHashMap<>();
        env.put("JAVA_HOME", installation.javaHome());
        env.putAll(app.config().env());
        env.put("INSTANCE", app.name());
        HostPort at = app.at();
        if (at != null) {
            env.put("PORT", Integer.toString(at.port()));
        }
        return spawner.start(command, folderOfFile(), env, log);
    }

    private Path folderOfFile() {
        Path parent = file.path().toAbsolutePath().normalize().getParent();
        return parent == null ? Path.of("/") : parent;
    }

    /** One line about a process that ended: how, and what it said last. */
    static String died(String name, Process process, Path log, long logStart) {
        String how = process.isAlive() ? "cannot be seen below /proc" : "ended with " + exit(process.exitValue());
        String last = LogTail.lastLine(log, logStart);
        return name + " " + how + (last.isEmpty() ? "" : ": " + last) + " (log: " + log + ")";
    }

    /** Java and shells report death by signal n as 128 + n. */
    static String exit(int value) {
        return value > 128 && value < 160 ? "signal " + (value - 128) : "exit code " + value;
    }

    /**
     * A unit whose process was started.
     *
     * @param logStart the size its log had before
     */
    public record Launched(Unit unit, RunRecord record, Process process, Path log, long logStart) {}
}
