package io.plinth.kvcache.client;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Several connections to one server. A line is {@code A: SET k v}; {@code ID(A)} stands for a connection's number. After each line
 * every connection's pushes are collected: the transcript is what two servers are compared by.
 */
final class Scenario implements AutoCloseable {
    private final int port;
    private final Map<String, RawClient> clients = new LinkedHashMap<>();
    private final Map<String, String> ids = new LinkedHashMap<>();

    Scenario(int port) {
        this.port = port;
    }

    /** Runs the lines; answers all replies and messages, with connection numbers replaced by names. */
    List<String> run(String... lines) throws IOException {
        List<String> transcript = new ArrayList<>();
        for (String line : lines) {
            String name = line.substring(0, line.indexOf(':'));
            String rest = line.substring(line.indexOf(':') + 2);
            RawClient client = client(name);
            if (rest.equals("(closes)")) {
                client.close();
                clients.remove(name);
                gone(String.valueOf(ids.get(name)));
                continue;
            }
            for (Map.Entry<String, String> id : ids.entrySet()) {
                rest = rest.replace("ID(" + id.getKey() + ")", id.getValue());
            }
            client.send(RawClient.request(List.of(rest.split(" ", -1))));
            String reply = client.reply();
            // Both say their version here.
            List<String> said = new ArrayList<>(List.of(
                    rest.startsWith("HELLO") ? "greets" : rest.startsWith("CLIENT") ? shown(reply) : plain(reply)));
            said.addAll(settled(client));
            transcript.add(line + " -> " + said);
            for (Map.Entry<String, RawClient> other : clients.entrySet()) {
                if (!other.getKey().equals(name)) {
                    List<String> heard = settled(other.getValue());
                    if (!heard.isEmpty()) {
                        transcript.add("  " + other.getKey() + " hears " + heard);
                    }
                }
            }
        }
        return transcript;
    }

    private void gone(String id) throws IOException {
        try (RawClient watcher = new RawClient(port)) {
            for (String left = "id="; left.contains("id="); ) {
                left = watcher.call("CLIENT", "LIST", "ID", id);
            }
        }
    }

    private RawClient client(String name) throws IOException {
        RawClient known = clients.get(name);
        if (known != null) {
            return known;
        }
        RawClient client = new RawClient(port);
        clients.put(name, client);
        String id = client.call("CLIENT", "ID");
        ids.put(name, id.substring(1).trim());
        return client;
    }

    /** Messages so far. A second round of PING: the first may have come in before a message that was on its way. */
    private List<String> settled(RawClient client) throws IOException {
        List<String> messages = new ArrayList<>();
        for (int round = 0; round < 2; round++) {
            client.send("PING\r\n");
            for (String reply = client.reply(); !pong(reply); reply = client.reply()) {
                messages.add(reply.contains("redir") ? shown(reply) : plain(reply));
            }
        }
        return messages;
    }

    private static boolean pong(String reply) {
        return reply.equals("+PONG\r\n") || reply.equals("+QUEUED\r\n") || reply.startsWith("*2\r\n$4\r\npong\r\n");
    }

    private static String plain(String reply) {
        return reply.replace("\r\n", "|");
    }

    private String shown(String reply) {
        String text = reply;
        for (Map.Entry<String, String> id : ids.entrySet()) {
            text = text.replace(":" + id.getValue() + "\r\n", ":ID(" + id.getKey() + ")\r\n");
        }
        return plain(text);
    }

    @Override
    public void close() throws IOException {
        for (RawClient client : clients.values()) {
            client.close();
        }
    }
}
