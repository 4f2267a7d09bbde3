package io.plinth.deploy.plan;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The daemons of a plan as systemd runs them: a service for each, and a target for all (systemd.unit(5), systemd.exec(5)). Immutable.
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
        List<Unit.Daemon> daemons = plan.units().stream()
                .filter(Unit.Daemon.class::isInstance)
                .map(Unit.Daemon.class::cast)
                .toList();
        List<String> names = daemons.stream().map(Unit.Daemon::name).toList();
        Map<String, String> units = new LinkedHashMap<>();
        units.put(target(), """
            [Unit]
            Description=Plinth stack %s

            [Install]
            WantedBy=multi-user.target
            """.formatted(escaped(stack)));
        for (Unit.Daemon daemon : daemons) {
            units.put(service(daemon.name()), service(daemon, names));
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
        String after = Stream.concat(
                        Stream.of("network-online.target"),
                        daemon.after().stream().filter(names::contains).sorted().map(this::service))
                .collect(Collectors.joining(" "));
        boolean privileged = daemon.claims().stream()
                .anyMatch(claim -> claim.at().port() > 0 && claim.at().port() < FIRST_FREE_PORT);
        String capabilities = privileged ? "CAP_NET_BIND_SERVICE" : "";
        Path parent = file.toAbsolutePath().getParent();
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
                        after,
                        target(),
                        quoted("PLINTH_JAVA_HOME=" + javaHome),
                        quoted(script.toString()),
                        quoted(daemon.name()),
                        quoted(file.toString()),
                        quoted(state.toString()),
                        escaped(String.valueOf(parent)),
                        user,
                        daemon.untilReady().toSeconds(),
                        daemon.patience().toSeconds() + CLOSING_SECONDS,
                        capabilities,
                        capabilities,
                        quoted(state.toString()),
                        target());
    }

    /** One word, whatever is in it. */
    private static String quoted(String text) {
        return "\"" + escaped(text.replace("\\", "\\\\").replace("\"", "\\\"").replace("$", "$$")) + "\"";
    }

    private static String escaped(String text) {
        return text.replace("%", "%%");
    }
}
