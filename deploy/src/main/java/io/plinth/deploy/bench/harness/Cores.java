package io.plinth.deploy.bench.harness;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Which cores which part of a bench runs on: the server under test has one of its own, and what loads it the others.
 * Immutable.
 *
 * @param pinned false where {@code taskset} is missing or there is only one core: then nothing is pinned
 */
public record Cores(List<Integer> server, List<Integer> origin, List<Integer> load, boolean pinned) {
    public static Cores of(int count, boolean taskset) {
        List<Integer> all = IntStream.range(0, count).boxed().toList();
        if (!taskset || count < 2) {
            return new Cores(all, all, all, false);
        }
        // With two cores the load and the origin share the second.
        List<Integer> load = count == 2 ? List.of(1) : all.subList(2, count);
        return new Cores(List.of(0), List.of(1), load, true);
    }

    /** Cores for a server that has more than one: its own, then those of the origin and the load. */
    public List<Integer> server(int count) {
        List<Integer> all =
                Stream.of(server, origin, load).flatMap(List::stream).distinct().toList();
        if (count > all.size()) {
            throw new IllegalArgumentException("cores: " + count + " (expected: at most " + all.size() + ")");
        }
        return all.subList(0, count);
    }

    /** The command, kept on these cores. */
    public List<String> pin(List<Integer> cores, List<String> command) {
        if (!pinned) {
            return command;
        }
        List<String> whole = new ArrayList<>(
                List.of("taskset", "-c", cores.stream().map(String::valueOf).collect(Collectors.joining(","))));
        whole.addAll(command);
        return whole;
    }

    @Override
    public String toString() {
        return pinned ? "server on core " + server + ", origin on " + origin + ", load on " + load : "nothing pinned";
    }
}
