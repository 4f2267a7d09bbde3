package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** Looks among the records of what was started. */
final class Records {
    /** The record of a command that runs in the foreground; no node may have this name. */
    static final String UP = "up";

    private Records() {}

    /** The record of that name, or one line that lists the names there are. */
    static RunRecord find(RunFolder folder, String name) throws IOException, DeployException {
        List<RunRecord> records = nodes(folder);
        return records.stream()
                .filter(record -> record.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new DeployException(
                        records.isEmpty()
                                ? "nothing was started here; `plinth up` starts the stack"
                                : "no node " + name + " (expected: one of "
                                        + records.stream().map(RunRecord::name).collect(Collectors.joining(", "))
                                        + ")"));
    }

    /** All records but the foreground command's. */
    static List<RunRecord> nodes(RunFolder folder) throws IOException {
        return folder.records().stream()
                .filter(record -> !record.kind().equals(UP))
                .toList();
    }
}
