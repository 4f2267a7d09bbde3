package io.plinth.kvcache.client;

import io.plinth.testkit.FreePort;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Debian's redis-server on a port of its own. */
record RedisPeer(Process process, int port) {
    static RedisPeer start(Path folder, String... more) throws Exception {
        int port = FreePort.find();
        List<String> command = new ArrayList<>(List.of(
                "redis-server",
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--rdbcompression",
                "no",
                "--dir",
                folder.toString()));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "redis.log"))
                .start();
        Await.until("redis-server answers", () -> {
            try (RawClient raw = new RawClient(port)) {
                return raw.call("PING").equals("+PONG\r\n");
            } catch (IOException e) {
                return false;
            }
        });
        return new RedisPeer(process, port);
    }

    void close() throws Exception {
        process.destroy();
        process.waitFor(10, TimeUnit.SECONDS);
    }
}
