package io.plinth.deploy.start;

import io.plinth.deploy.process.ProcessId;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Says which node died or came back. Owned by the thread that calls {@link #look}. */
public final class Watch {
    private final RunFolder folder;
    private final Procfs procfs;
    private final UnaryOperator<String> ending;
    private final Consumer<String> say;
    private final Map<String, ProcessId> living = new HashMap<>();
    private final Set<String> known = new HashSet<>();

    /**
     * Knows nothing yet.
     *
     * @param ending how the process of a node has ended; empty when that is not known
     */
    public Watch(RunFolder folder, Procfs procfs, UnaryOperator<String> ending, Consumer<String> say) {
        this.folder = folder;
        this.procfs = procfs;
        this.ending = ending;
        this.say = say;
    }

    /** Compares what runs with what ran at the last look, and says what changed. */
    public void look() throws IOException {
        for (RunRecord record : folder.records()) {
            if (!record.ownsProcess()) {
                continue;
            }
            boolean alive = procfs.alive(record.process());
            ProcessId before = living.get(record.name());
            if (alive && known.contains(record.name()) && !record.process().equals(before)) {
                say.accept(record.name() + " runs again (process "
                        + record.process().pid() + ")");
            }
            known.add(record.name());
            if (alive) {
                living.put(record.name(), record.process());
            } else if (before != null) {
                living.remove(record.name());
                String how = ending.apply(record.name());
                say.accept(record.name() + " died" + (how.isEmpty() ? "" : " (" + how + ")") + ", log: "
                        + folder.log(record.name()) + "; `plinth start " + record.name() + "` brings it back");
            }
        }
    }
}
