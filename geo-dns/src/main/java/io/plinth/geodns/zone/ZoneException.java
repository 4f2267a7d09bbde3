package io.plinth.geodns.zone;

import java.util.List;
import java.util.stream.Collectors;

/** A zone file cannot be used; carries every problem found, in the order of the file. */
public final class ZoneException extends Exception {
    private final transient List<ZoneProblem> problems;

    public ZoneException(List<ZoneProblem> problems) {
        super(problems.stream()
                .map(p -> (p.file().isEmpty() ? "" : p.file() + ", ") + "line " + p.line() + ": " + p.message())
                .collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    /** At least one. */
    public List<ZoneProblem> problems() {
        return problems;
    }
}
