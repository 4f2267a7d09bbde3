package io.plinth.deploy.command;

import io.plinth.deploy.Plinth;
import io.plinth.deploy.process.Installation;
import io.plinth.deploy.start.Training;
import io.plinth.kit.lifecycle.NodeLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/** {@code plinth train}: what the AOT cache is made from. */
@Command(
        name = "train",
        hidden = true,
        description = "Runs every daemon briefly, so that the JVM records what starting needs.")
public final class TrainCommand implements Callable<Integer> {
    @Override
    public Integer call() throws Exception {
        NodeLog.configure("train", "text");
        Path folder = Files.createTempDirectory("plinth-train");
        try {
            new Training(folder, Path.of(Installation.ofThisJvm().javaHome())).run();
            Path file = folder.resolve("training.yaml");
            Plinth.commandLine().execute("check", file.toString());
            Plinth.commandLine().execute("status", "--json", "--file", file.toString());
        } finally {
            delete(folder);
        }
        return 0;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
