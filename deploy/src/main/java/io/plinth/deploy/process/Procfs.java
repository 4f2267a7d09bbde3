package io.plinth.deploy.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What Linux tells about processes below {@code /proc}. Stateless. */
public final class Procfs {
    /** The kernel reports start times in 1/100 s to user space on every architecture (USER_HZ). */
    private static final long TICKS_PER_SECOND = 100;

    private final Path root;

    public Procfs(Path root) {
        this.root = root;
    }

    /** The machine's own. */
    public static Procfs ofThisMachine() {
        return new Procfs(Path.of("/proc"));
    }

    /** The process that has this number now; empty when there is none, or only its zombie. */
    public Optional<ProcessId> identify(long pid) {
        return stat(pid).filter(Stat::running).map(stat -> new ProcessId(pid, stat.startTicks(), boot()));
    }

    /** Whether this very process still runs. */
    public boolean alive(ProcessId id) {
        return identify(id.pid()).filter(id::equals).isPresent();
    }

    /** How long the process has been running. */
    public Duration uptime(ProcessId id) {
        String text = read(root.resolve("uptime")).orElse("0 0");
        long upMillis = (long) (Double.parseDouble(text.substring(0, text.indexOf(' '))) * 1000);
        return Duration.ofMillis(Math.max(0, upMillis - id.startTicks() * 1000 / TICKS_PER_SECOND));
    }

    /** Resident bytes of a process, and what its descendants hold beside memory that they share with it. */
    public long residentBytes(long pid) {
        long bytes = kib(pid, "status", "VmRSS:") << 10;
        for (long descendant : descendants(pid)) {
            bytes += kib(descendant, "status", "RssAnon:") << 10;
        }
        return bytes;
    }

    /** Processor time spent so far, user and system. */
    public Duration cpu(long pid) {
        return Duration.ofMillis(stat(pid).map(Stat::cpuTicks).orElse(0L) * 1000 / TICKS_PER_SECOND);
    }

    /** As {@link #residentBytes}, with each page that processes share divided among them. */
    public long proportionalBytes(long pid) {
        long bytes = kib(pid, "smaps_rollup", "Pss:") << 10;
        for (long descendant : descendants(pid)) {
            bytes += kib(descendant, "smaps_rollup", "Pss:") << 10;
        }
        return bytes;
    }

    /** Processor time of a process, of its running descendants, and of those it has waited for. */
    public Duration cpuWithDescendants(long pid) {
        long ticks = stat(pid).map(Stat::cpuTicksWithEnded).orElse(0L);
        for (long descendant : descendants(pid)) {
            ticks += stat(descendant).map(Stat::cpuTicksWithEnded).orElse(0L);
        }
        return Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND);
    }

    /** The command line, words joined with blanks; empty when it cannot be read. */
    public String commandLine(long pid) {
        return read(root.resolve(Long.toString(pid)).resolve("cmdline"))
                .map(text -> text.replace('\0', ' ').strip())
                .orElse("");
    }

    /** Numbers of all processes. */
    public List<Long> all() {
        List<Long> pids = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, "[1-9]*")) {
            for (Path entry : entries) {
                pids.add(Long.parseLong(entry.getFileName().toString()));
            }
        } catch (IOException | NumberFormatException e) {
            return List.of();
        }
        return pids;
    }

    /** Whether a descriptor of the process stands for the given socket inode. */
    public boolean holdsSocket(long pid, long inode) {
        String wanted = "socket:[" + inode + "]";
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(root.resolve(Long.toString(pid)).resolve("fd"))) {
            for (Path entry : entries) {
                if (Files.readSymbolicLink(entry).toString().equals(wanted)) {
                    return true;
                }
            }
        } catch (IOException e) {
            return false;
        }
        return false;
    }

    /** The lines of a table below {@code net}, without its heading. */
    public List<String> net(String table) {
        return read(root.resolve("net").resolve(table))
                .map(text -> text.lines().skip(1).map(String::strip).toList())
                .orElse(List.of());
    }

    private List<Long> descendants(long pid) {
        Map<Long, List<Long>> children = new HashMap<>();
        for (long candidate : all()) {
            stat(candidate)
                    .ifPresent(stat -> children.computeIfAbsent(stat.parent(), key -> new ArrayList<>())
                            .add(candidate));
        }
        List<Long> found = new ArrayList<>();
        Deque<Long> open = new ArrayDeque<>(children.getOrDefault(pid, List.of()));
        while (!open.isEmpty()) {
            long next = open.pop();
            found.add(next);
            open.addAll(children.getOrDefault(next, List.of()));
        }
        return found;
    }

    private long kib(long pid, String file, String key) {
        return read(root.resolve(Long.toString(pid)).resolve(file)).stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith(key))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }

    private String boot() {
        return read(root.resolve("sys/kernel/random/boot_id")).orElse("unknown").strip();
    }

    private Optional<Stat> stat(long pid) {
        return read(root.resolve(Long.toString(pid)).resolve("stat")).flatMap(Procfs::parse);
    }

    /** proc(5): the second field is the name in parentheses and may itself hold blanks and parentheses. */
    private static Optional<Stat> parse(String text) {
        int nameEnd = text.lastIndexOf(')');
        if (nameEnd < 0) {
            return Optional.empty();
        }
        String[] fields = text.substring(nameEnd + 1).strip().split(" ", -1);
        if (fields.length < 20) {
            return Optional.empty();
        }
        return Optional.of(new Stat(
                fields[0].charAt(0),
                Long.parseLong(fields[1]),
                Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
                Long.parseLong(fields[13]) + Long.parseLong(fields[14]),
                Long.parseLong(fields[19])));
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private record Stat(char state, long parent, long cpuTicks, long endedChildrenTicks, long startTicks) {
        long cpuTicksWithEnded() {
            return cpuTicks + endedChildrenTicks;
        }

        boolean running() {
            return state != 'Z' && state != 'X';
        }
    }
}
