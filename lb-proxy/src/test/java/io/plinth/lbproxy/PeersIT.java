package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.LeakCheck;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every request of {@code safety/requests.txt} that passes is seen alike by several servers: the same number of requests, each with
 * the same method, target, fields and body. Those servers that are proxies tell what they saw by what they send on; Node's prints
 * it. A server may answer itself what it does not serve, in rows that are named, but see nothing else.
 */
@ExtendWith(LeakCheck.class)
@RequiresPeer({"nginx", "haproxy", "apache2", "node"})
@Timeout(120)
class PeersIT {
    /** What a hop adds, takes away or writes its own way. */
    private static final Set<String> OF_ONE_HOP = Set.of(
            "connection",
            "keep-alive",
            "te",
            "upgrade",
            "expect",
            "trailer",
            "content-length",
            "transfer-encoding",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-port",
            "x-forwarded-server",
            "forwarded",
            "traceparent",
            "max-forwards",
            "via");

    enum Server {
        NGINX,
        HAPROXY,
        APACHE,
        NODE;

        /** What starts it, on this port, in front of that one. */
        List<String> command(Path folder, int port, int behind) throws IOException {
            return switch (this) {
                case NGINX -> {
                    Path file = write(folder, "nginx.conf", """
                        daemon off;
                        worker_processes 1;
                        pid FOLDER/nginx.pid;
                        error_log FOLDER/nginx.log;
                        events { worker_connections 512; }
                        http {
                          access_log off;
                          client_body_temp_path FOLDER/body;
                          proxy_temp_path FOLDER/proxy;
                          fastcgi_temp_path FOLDER/fastcgi;
                          uwsgi_temp_path FOLDER/uwsgi;
                          scgi_temp_path FOLDER/scgi;
                          underscores_in_headers on;
                          ignore_invalid_headers off;
                          merge_slashes off;
                          keepalive_requests 100000;
                          server {
                            listen 127.0.0.1:PORT;
                            location / {
                              proxy_pass http://127.0.0.1:BEHIND;
                              proxy_http_version 1.1;
                              proxy_set_header Host $http_host;
                              proxy_set_header Connection "";
                            }
                          }
                        }
                        """, port, behind);
                    yield List.of(Peer.path("nginx").toString(), "-p", folder.toString(), "-c", file.toString());
                }
                case HAPROXY -> {
                    Path file = write(folder, "haproxy.cfg", """
                        defaults
                          mode http
                          timeout client 20s
                          timeout server 20s
                          timeout connect 2s
                        listen public
                          bind 127.0.0.1:PORT
                          server s 127.0.0.1:BEHIND
                        """, port, behind);
                    yield List.of(Peer.path("haproxy").toString(), "-db", "-f", file.toString());
                }
                case APACHE -> {
                    Path file = write(folder, "apache.conf", """
                        ServerRoot FOLDER
                        ServerName localhost
                        PidFile FOLDER/apache.pid
                        DefaultRuntimeDir FOLDER
                        ErrorLog FOLDER/apache.log
                        Listen 127.0.0.1:PORT
                        LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
                        LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
                        LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
                        LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
                        StartServers 1
                        MaxKeepAliveRequests 0
                        AllowEncodedSlashes NoDecode
                        MergeSlashes Off
                        ProxyPreserveHost On
                        ProxyAddHeaders Off
                        ProxyPass / http://127.0.0.1:BEHIND/ nocanon
                        """, port, behind);
                    yield List.of(Peer.path("apache2").toString(), "-f", file.toString(), "-DFOREGROUND");
                }
                case NODE -> {
                    Path file = write(folder, "server.js", """
                        const http = require('http');
                        const lines = (raw) => { let t = ''; for (let i = 0; i < raw.length; i += 2) t += raw[i] + ': ' + raw[i + 1] + '\\r\\n'; return t; };
                        http.createServer((request, response) => {
                          const parts = [];
                          request.on('data', (part) => parts.push(part));
                          request.on('end', () => {
                            const body = Buffer.concat(parts);
                            process.stdout.write(Buffer.concat([
                              Buffer.from(request.method + ' ' + request.url + ' HTTP/1.1\\r\\n' + lines(request.rawHeaders) + '\\r\\n', 'latin1'),
                              body, Buffer.from('\\0')]));
                            response.end(request.url);
                          });
                        }).listen(PORT, '127.0.0.1');
                        """, port, behind);
                    yield List.of(Peer.path("node").toString(), file.toString());
                }
            };
        }

        private static Path write(Path folder, String name, String text, int port, int behind) throws IOException {
            return Files.writeString(
                    folder.resolve(name),
                    text.replace("FOLDER", folder.toString())
                            .replace("PORT", String.valueOf(port))
                            .replace("BEHIND", String.valueOf(behind)));
        }
    }

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Server.class)
    void whatPassesIsSeenAlike(Server server) throws Exception {
        int port = FreePort.find();
        Path printed = folder.resolve("printed");
        try (RecordingOrigin recording = new RecordingOrigin()) {
            Process process = new ProcessBuilder(
                            server.command(folder, port, recording.origin().port()))
                    .redirectOutput(printed.toFile())
                    .redirectError(folder.resolve("errors").toFile())
                    .start();
            try {
                awaitListening(port, process);
                Path ours = Files.createDirectory(folder.resolve("ours"));
                String pool = Proxy.section("", recording.origin())
                        .replace(recording.origin().at(), "127.0.0.1:" + port);
                try (Proxy proxy = Proxy.start(ours, pool, 1)) {
                    compare(server, port, proxy, server == Server.NODE ? new Printed(printed) : recording::take);
                }
            } finally {
                process.destroy();
                if (!process.waitFor(10, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            }
        }
    }

    private static void awaitListening(int port, Process process) throws InterruptedException {
        Proxy.await("listening", () -> {
            assertThat(process.isAlive()).isTrue();
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
    }

    /** What a server saw since it was asked last. */
    private interface Seen {
        List<String> take(String but) throws IOException;
    }

    /** Node's requests, each ended by NUL. */
    private static final class Printed implements Seen {
        private final Path file;
        private int taken;

        Printed(Path file) {
            this.file = file;
        }

        @Override
        public List<String> take(String but) throws IOException {
            String all = Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1);
            int end = all.lastIndexOf('\0') + 1;
            List<String> requests =
                    new ArrayList<>(List.of(all.substring(taken, end).split("\0", -1)));
            taken = end;
            requests.removeIf(request ->
                    request.isEmpty() || RecordingOrigin.target(request).equals(but));
            return requests;
        }
    }

    /** What a server refuses or answers without sending it on, by the row's name. */
    private static Set<String> answersItself(Server server) {
        return switch (server) {
            case NGINX ->
                Set.of(
                        "OPTIONS for the whole server",
                        "absolute, OPTIONS for the whole server",
                        "a lower-case method is another one",
                        "an escape that is none",
                        "an escaped NUL");
            case HAPROXY -> Set.of();
            case APACHE ->
                Set.of(
                        "OPTIONS for the whole server",
                        "absolute, OPTIONS for the whole server",
                        "an escape that is none",
                        "an escaped NUL");
            case NODE -> Set.of("a lower-case method is another one");
        };
    }

    private static void compare(Server server, int port, Proxy proxy, Seen seen) throws IOException {
        List<String> differences = new ArrayList<>();
        Set<String> kept = new TreeSet<>();
        int same = 0;
        for (List<String> row : SafetyTable.read("requests.txt", 1)) {
            if (!row.get(2).equals("passes") && !row.get(2).equals("closes")) {
                continue;
            }
            seen.take("");
            String answer;
            try (Http http = proxy.connect()) {
                http.socket.setSoTimeout(3000);
                http.send(SafetyTable.bytes(row.get(1)) + SafetyIT.PROBE);
                answer = SafetyIT.answer(http);
            }
            List<String> expected = new ArrayList<>();
            String text = SafetyTable.bytes(row.size() > 3 ? row.get(3) : row.get(1));
            for (String request : RecordingOrigin.requests(text.replace("SERVER", "127.0.0.1:" + port))) {
                expected.add(normal(request, false));
            }
            List<String> got = seen.take("/probe").stream()
                    .map(request -> normal(request, server == Server.NODE))
                    .toList();
            if (got.equals(expected)) {
                same++;
            } else if (answer.startsWith("HTTP/1.1 ") && got.isEmpty()) {
                kept.add(row.getFirst());
            } else {
                differences.add(
                        row.getFirst() + "\n  expected " + expected + "\n  saw      " + got + "\n  answer " + answer);
            }
        }
        assertThat(differences).as(server + " saw otherwise").isEmpty();
        assertThat(kept).as(server + " answered itself").isEqualTo(answersItself(server));
        assertThat(same).isGreaterThan(90);
    }

    /** A request without what depends on the hop: method, target, fields in a fixed order, data. */
    private static String normal(String request, boolean decoded) {
        int end = request.indexOf("\r\n\r\n");
        String[] lines = request.substring(0, end).split("\r\n", -1);
        Map<String, String> fields = new TreeMap<>();
        for (String line : Arrays.asList(lines).subList(1, lines.length)) {
            int colon = line.indexOf(':');
            String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
            if (!OF_ONE_HOP.contains(name)) {
                // RFC 9110 5.3: lines of one name may become one.
                fields.merge(name, line.substring(colon + 1).strip(), (one, other) -> one + ", " + other);
            }
        }
        String body = request.substring(end + 4);
        // Apache's ProxyPass writes two slashes that a target begins with as one.
        return lines[0].replace(" //", " /") + " " + fields + " "
                + (decoded ? body : RecordingOrigin.data(request.substring(0, end + 4), body));
    }
}
