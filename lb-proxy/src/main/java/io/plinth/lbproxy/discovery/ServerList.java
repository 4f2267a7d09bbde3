package io.plinth.lbproxy.discovery;

import io.plinth.kit.config.HostPort;
import io.plinth.lbproxy.upstream.PoolSettings.ServerSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A file of servers: a line {@code name address:port [weight]} each; {@code #} begins a comment. */
final class ServerList {
    static final int MAX_SERVERS = 4_096;
    private static final long MAX_BYTES = 1 << 20;
    private static final int MAX_WEIGHT = 1_000;

    private ServerList() {}

    static List<ServerSettings> read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException(file + ": larger than " + MAX_BYTES + " bytes (expected: a list of servers)");
        }
        List<ServerSettings> servers = new ArrayList<>();
        Set<String> names = new HashSet<>();
        int number = 0;
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            number++;
            int comment = line.indexOf('#');
            String text = (comment < 0 ? line : line.substring(0, comment)).strip();
            if (!text.isEmpty()) {
                ServerSettings server = server(file + ":" + number, text);
                if (!names.add(server.name()) || servers.size() >= MAX_SERVERS) {
                    throw new IOException(file + ":" + number + ": " + server.name()
                            + " (expected: a name that is not used yet, and at most " + MAX_SERVERS + " servers)");
                }
                servers.add(server);
            }
        }
        return servers;
    }

    private static ServerSettings server(String place, String text) throws IOException {
        String[] words = text.split("\\s+", -1);
        try {
            if (words.length < 2 || words.length > 3) {
                throw new IllegalArgumentException(text);
            }
            HostPort at = HostPort.parse(words[1]);
            int weight = words.length == 3 ? Integer.parseInt(words[2]) : 1;
            InetSocketAddress address = new InetSocketAddress(at.host(), at.port());
            if (weight < 1 || weight > MAX_WEIGHT || address.isUnresolved()) {
                throw new IllegalArgumentException(text);
            }
            return new ServerSettings(words[0], address, weight, false);
        } catch (IllegalArgumentException e) {
            throw new IOException(place + ": " + e.getMessage() + " (expected: name address:port [weight])", e);
        }
    }
}
