package io.plinth.kvcache.client;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.Peer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Debian's memcached, as long as something is said to it and to a node of ours. */
final class MemcachedPeer {
    private MemcachedPeer() {}

    /** What is sent to both. */
    interface Dialogue {
        void run(MemcachedSide ours, MemcachedSide theirs) throws IOException;
    }

    static void beside(Path folder, int port, Dialogue dialogue) throws Exception {
        int other = FreePort.find();
        Process process = new ProcessBuilder(
                        Peer.path("memcached").toString(),
                        "-l",
                        "127.0.0.1",
                        "-p",
                        "" + other,
                        "-U",
                        "0",
                        "-u",
                        "nobody",
                        // While its own threads hold an item, a number is replaced instead of changed, and forgets its
                        // marks.
                        "-o",
                        "no_lru_maintainer,no_lru_crawler")
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "memcached.log"))
                .start();
        try {
            Await.until("memcached answers", () -> {
                try (MemcachedSide side = new MemcachedSide(other)) {
                    return side.call("").equals("MN\r\n");
                } catch (IOException e) {
                    return false;
                }
            });
            try (MemcachedSide ours = new MemcachedSide(port);
                    MemcachedSide theirs = new MemcachedSide(other)) {
                dialogue.run(ours, theirs);
            }
        } finally {
            process.destroy();
            process.waitFor(10, TimeUnit.SECONDS);
        }
    }
}
