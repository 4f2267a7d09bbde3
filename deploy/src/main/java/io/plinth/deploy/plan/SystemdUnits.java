package io.plinth.deploy.plan;

import io.plinth.kit.config.HostPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The daemons and apps of a plan as systemd runs them: a service for each, and a target for all (systemd.unit(5), systemd.exec(5)).
 * PostgreSQL servers have none: those that deploy runs trust whoever asks from this machine, and the system's packages of it bring
 * units of their own. Immutable.
 *
 * @param stack its name
 * @param script the plinth command
 * @param javaHome the JDK
 * @param file the stack's file
 * @param state what the daemons may write to
 * @param user whom they run as
 */
public record SystemdUnits(String stack, Path script, String javaHome, Path file, Path state, String user) {
    /** Closing, after the patience with what is in flight. */
    private static final int CLOSING_SECONDS = 15;

    private static final int FIRST_FREE_PORT = 1024;

    /** Texts by file name. */
    public Map<String, String> of(Plan plan) {
        List<String> names = plan.units().stream()
                .filter(unit -> unit instanceof Unit.Daemon || unit instanceof Unit.App)
                .map(Unit::name)
                .toList();
        Map<String, String> units = new LinkedHashMap<>();
        units.put(target(), """
            [Unit]
            Description=Plinth stack %s

            [Install]
            WantedBy=multi-user.target
            """.formatted(escaped(stack)));
        for (Unit unit : plan.units()) {
            if (unit instanceof Unit.Daemon daemon) {
                units.put(service(daemon.name()), service(daemon, names));
            } else if (unit instanceof Unit.App app) {
                units.put(service(app.name()), service(app, names));
            }
        }
        return units;
    }

    private String target() {
        return "plinth-" + stack + ".target";
    }

    private String service(String node) {
        return "plinth-" + stack + "-" + node + ".service";
    }

    private String service(Unit.Daemon daemon, List<String> names) {
        boolean privileged = daemon.claims().stream()
                .anyMatch(claim -> claim.at().port() > 0 && claim.at().port() < FIRST_FREE_PORT);
        String capabilities = privileged ? "CAP_NET_BIND_SERVICE" : "";
        return """
            [Unit]
            Description=%s, a %s of the Plinth stack %s
            Wants=network-online.target
            After=%s
            PartOf=%s
            StartLimitIntervalSec=60
            StartLimitBurst=5

            [Service]
            Type=notify
            NotifyAccess=main
            Environment=PLINTH_BUILD=never %s
            ExecStart=%s run %s --file %s --state %s
            ExecReload=/bin/kill -HUP $MAINPID
            WorkingDirectory=%s
            User=%s
            Restart=on-failure
            RestartSec=1
            SuccessExitStatus=143
            TimeoutStartSec=%d
            TimeoutStopSec=%d
            LimitNOFILE=1048576
            UMask=0027
            NoNewPrivileges=yes
            CapabilityBoundingSet=%s
            AmbientCapabilities=%s
            ProtectSystem=strict
            ReadWritePaths=%s
            ProtectHome=read-only
            PrivateTmp=yes
            PrivateDevices=yes
            ProtectClock=yes
            ProtectControlGroups=yes
            ProtectHostname=yes
            ProtectKernelLogs=yes
            ProtectKernelModules=yes
            ProtectKernelTunables=yes
            LockPersonality=yes
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            SystemCallArchitectures=native

            [Install]
            WantedBy=%s
            """.formatted(
                        escaped(daemon.name()),
                        daemon.kind(),
                        escaped(stack),
                        after(daemon, names),
                        target(),
                        assigned("PLINTH_JAVA_HOME", javaHome),
                        quoted(script.toString()),
                        quoted(daemon.name()),
                        quoted(file.toString()),
                        quoted(state.toString()),
                        escaped(folder().toString()),
                        user,
                        daemon.untilReady().toSeconds(),
                        daemon.patience().toSeconds() + CLOSING_SECONDS,
                        capabilities,
                        capabilities,
                        quoted(state.toString()),
                        target());
    }

    /** What an app may do is its own affair: nothing is forbidden that could be what it is for. */
    private String service(Unit.App app, List<String> names) {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("JAVA_HOME", javaHome);
        environment.putAll(app.config().env());
        environment.put("INSTANCE", app.name());
        HostPort at = app.at();
        if (at != null) {
            environment.put("PORT", String.valueOf(at.port()));
        }
        List<String> command = new ArrayList<>(app.config().command());
        if (command.getFirst().indexOf('/') >= 0) {
            command.set(0, folder().resolve(command.getFirst()).normalize().toString());
        }
        return """
            [Unit]
            Description=%s, an app of the Plinth stack %s
            Wants=network-online.target
            After=%s
            PartOf=%s
            StartLimitIntervalSec=60
            StartLimitBurst=5

            [Service]
            Type=exec
            %s
            ExecStart=%s
            WorkingDirectory=%s
            User=%s
            Restart=on-failure
            RestartSec=1
            SuccessExitStatus=143
            KillSignal=SIG%s
            TimeoutStopSec=%d
            LimitNOFILE=1048576
            UMask=0027
            NoNewPrivileges=yes

            [Install]
            WantedBy=%s
            """.formatted(
                        escaped(app.name()),
                        escaped(stack),
                        after(app, names),
                        target(),
                        environment.entrySet().stream()
                                .map(each -> "Environment=" + assigned(each.getKey(), each.getValue()))
                                .collect(Collectors.joining("\n")),
                        command.stream().map(SystemdUnits::quoted).collect(Collectors.joining(" ")),
                        escaped(folder().toString()),
                        user,
                        app.stopSignal(),
                        app.patience().toSeconds(),
                        target());
    }

    private String after(Unit unit, List<String> names) {
        return Stream.concat(
                        Stream.of("network-online.target"),
                        unit.after().stream().filter(names::contains).sorted().map(this::service))
                .collect(Collectors.joining(" "));
    }

    /** Of the stack's file, beside which programs are looked up. */
    private Path folder() {
        Path parent = file.toAbsolutePath().normalize().getParent();
        return parent == null ? Path.of("/") : parent;
    }

    /** A variable, whatever is in it; a dollar is nothing special there. */
    private static String assigned(String name, String value) {
        String text =
                (name + "=" + value).replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
        return "\"" + escaped(text) + "\"";
    }

    /** One word, whatever is in it. */
    private static String quoted(String text) {
        return "\"" + escaped(text.replace("\\", "\\\\").replace("\"", "\\\"").replace("$", "$$")) + "\"";
    }

    private static String escaped(String text) {
        return text.replace("%", "%%");
    }
}
