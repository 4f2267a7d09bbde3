package io.plinth.geodns.differential;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.Peer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One of Debian's servers on a port of its own, as close to our settings as its own go. */
record PeerServer(String name, Process process, InetSocketAddress address) implements AutoCloseable {
    private static final String SECRET = "000102030405060708090a0b0c0d0e0f";

    static PeerServer knot(Path folder, List<String> zones) throws IOException {
        int port = FreePort.find();
        StringBuilder text = new StringBuilder("""
            server:
                rundir: "%1$s"
                listen: 127.0.0.1@%2$d
                udp-workers: 1
                tcp-workers: 1
                background-workers: 1
                edns-client-subnet: on
                udp-max-payload: %3$d
                nsid: "dns-1"
            log:
              - target: stderr
                any: warning
            database:
                storage: "%1$s"
            mod-cookies:
              - id: default
                secret: 0x%4$s
            template:
              - id: default
                storage: "%1$s"
                zonefile-sync: -1
                journal-content: none
                global-module: mod-cookies/default
            zone:
            """.formatted(folder, port, Question.PAYLOAD, SECRET));
        zones.forEach(zone -> text.append("  - domain: %1$s\n    file: \"%1$szone\"\n".formatted(zone)));
        Path file = Files.writeString(folder.resolve("knot.conf"), text);
        return start("knot", folder, port, List.of(Peer.path("knotd").toString(), "-c", file.toString()));
    }

    static PeerServer nsd(Path folder, List<String> zones) throws IOException {
        int port = FreePort.find();
        StringBuilder text = new StringBuilder("""
            server:
                server-count: 1
                ip-address: 127.0.0.1
                port: %2$d
                username: ""
                zonesdir: "%1$s"
                database: ""
                pidfile: "%1$s/nsd.pid"
                xfrdfile: "%1$s/nsd.xfrd"
                xfrdir: "%1$s"
                zonelistfile: "%1$s/nsd.zones"
                rrl-ratelimit: 0
                minimal-responses: yes
                round-robin: no
                ipv4-edns-size: %3$d
                nsid: "ascii_dns-1"
                answer-cookie: yes
                cookie-secret: "%4$s"
            remote-control:
                control-enable: no
            """.formatted(folder, port, Question.PAYLOAD, SECRET));
        zones.forEach(zone -> text.append("zone:\n    name: %1$s\n    zonefile: %1$szone\n".formatted(zone)));
        Path file = Files.writeString(folder.resolve("nsd.conf"), text);
        return start("nsd", folder, port, List.of(Peer.path("nsd").toString(), "-d", "-c", file.toString()));
    }

    /** Its zones stand in a folder, as files that have their names. */
    static PeerServer gdnsd(Path folder) throws IOException {
        int port = FreePort.find();
        for (String part : List.of("run", "state")) {
            Files.createDirectories(folder.resolve(part));
        }
        Files.writeString(folder.resolve("config"), """
            options => {
              listen => { 127.0.0.1:%2$d => { udp_threads => 1 tcp_threads => 1 } }
              run_dir => %1$s/run
              state_dir => %1$s/state
              max_edns_response => %3$d
              nsid_ascii => dns-1
            }
            """.formatted(folder, port, Question.PAYLOAD));
        return start("gdnsd", folder, port, List.of(Peer.path("gdnsd").toString(), "-c", folder.toString(), "start"));
    }

    private static PeerServer start(String name, Path folder, int port, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
        return new PeerServer(name, process, new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
