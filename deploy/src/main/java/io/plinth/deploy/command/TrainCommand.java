package io.plinth.deploy.command;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code plinth train}: what the AOT cache is made from. */
@Command(
        name = "train",
        hidden = true,
        description = "Runs every daemon briefly, so that the JVM records what starting needs.")
public final class TrainCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 0;
    }
}
