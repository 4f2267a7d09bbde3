package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** CLIENT REPLY beside Debian's redis-server, in transactions, too: the same bytes, where replies have gaps. */
@Timeout(60)
@RequiresPeer("redis-server")
class ReplyModeDifferentialIT {
    private static final String END = "$3\r\nend\r\n";

    private static final List<String> DIALOGUES = List.of(
            "SET k v, CLIENT REPLY OFF, GET k",
            "CLIENT REPLY SKIP, GET k, GET k",
            "CLIENT REPLY SKIP, CLIENT REPLY SKIP, GET k, GET k",
            "CLIENT REPLY SKIP, CLIENT REPLY OFF, GET k",
            "CLIENT REPLY OFF, CLIENT REPLY SKIP, GET k",
            "CLIENT REPLY OFF, NOSUCH, EXEC, CLIENT REPLY ON, GET k",
            "MULTI, GET k, CLIENT REPLY OFF, GET k, EXEC, GET k",
            "MULTI, CLIENT REPLY OFF, GET k, EXEC",
            "MULTI, GET k, CLIENT REPLY OFF, GET k, CLIENT REPLY ON, GET k, EXEC, GET k",
            "CLIENT REPLY OFF, MULTI, GET k, CLIENT REPLY ON, GET k, EXEC, GET k",
            "CLIENT REPLY OFF, MULTI, GET k, EXEC",
            "CLIENT REPLY OFF, MULTI, NOSUCH, EXEC",
            "MULTI, GET k, CLIENT REPLY SKIP, GET k, EXEC, GET k, GET k",
            "MULTI, CLIENT REPLY SKIP, CLIENT REPLY ON, EXEC, GET k, GET k",
            "MULTI, CLIENT REPLY SKIP, CLIENT REPLY OFF, EXEC, GET k",
            "MULTI, LPUSH k x, CLIENT REPLY OFF, LPUSH k x, CLIENT REPLY ON, EXEC",
            "CLIENT REPLY SKIP, MULTI, GET k, EXEC",
            "WATCH k, SET k w, MULTI, CLIENT REPLY OFF, EXEC, GET k",
            "MULTI, CLIENT REPLY NOSUCH, CLIENT REPLY OFF, CLIENT REPLY SKIP, GET k, EXEC, GET k");

    /** All that comes until a word behind it does. */
    private static String said(int port, String dialogue) throws IOException {
        try (RawClient client = new RawClient(port)) {
            for (String line : dialogue.split(", ", -1)) {
                client.send(RawClient.request(List.of(line.split(" ", -1))));
            }
            client.send(RawClient.request(List.of("CLIENT", "REPLY", "ON")));
            client.send(RawClient.request(List.of("ECHO", "end")));
            StringBuilder said = new StringBuilder();
            while (said.indexOf(END) < 0) {
                // Not as replies: the elements of an array may be missing.
                said.append((char) client.next());
            }
            return said.toString().replace("\r\n", "|");
        }
    }

    @Test
    void sendsWhatRedisSends(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1)) {
            for (String dialogue : DIALOGUES) {
                assertThat(said(node.port(0), dialogue)).as(dialogue).isEqualTo(said(peer.port(), dialogue));
            }
        } finally {
            peer.close();
        }
    }
}
