package io.plinth.deploy.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.start.Probe;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plinth status}. */
@Command(
        name = "status",
        header = "Shows every node: process, readiness, addresses, memory.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:everything that was started is ready", "1:something is not, or nothing runs"})
public final class StatusCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Prints a JSON array with an object for each node.")
    private boolean json;

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        RunFolder folder = new RunFolder(options.state());
        Procfs procfs = Procfs.ofThisMachine();
        List<Line> lines = Records.nodes(folder).parallelStream()
                .map(record -> line(record, procfs))
                .toList();
        PrintWriter out = Output.of(spec);
        if (json) {
            out.println(json(lines));
        } else if (lines.isEmpty()) {
            out.println("nothing runs; `plinth up` starts the stack");
        } else {
            table(lines, out);
        }
        return !lines.isEmpty() && lines.stream().allMatch(Line::ready) ? 0 : 1;
    }

    private static Line line(RunRecord record, Procfs procfs) {
        boolean alive = procfs.alive(record.process());
        String complaint = alive ? Probe.complaint(record.probe()) : "does not run";
        return new Line(
                record,
                alive,
                complaint,
                alive ? procfs.uptime(record.process()) : Duration.ZERO,
                alive ? procfs.residentBytes(record.process().pid()) : 0,
                alive ? procfs.proportionalBytes(record.process().pid()) : 0,
                alive ? procfs.cpu(record.process().pid()) : Duration.ZERO);
    }

    private static void table(List<Line> lines, PrintWriter out) {
        Table table = new Table("NODE", "KIND", "PID", "STATE", "READY", "UPTIME", "RSS", "LISTENS");
        for (Line line : lines) {
            RunRecord record = line.record();
            table.row(
                    record.name(),
                    record.kind(),
                    Long.toString(record.process().pid()),
                    line.alive() ? "running" : "dead",
                    line.ready() ? "yes" : "no",
                    line.alive() ? duration(line.uptime()) : "-",
                    line.alive() && record.ownsProcess() ? (line.rss() >> 20) + " MiB" : "-",
                    listens(record.listens()));
        }
        table.print(out);
        lines.stream()
                .filter(line -> line.alive() && !line.ready())
                .forEach(line -> out.println(line.record().name() + " is not ready: " + line.complaint()));
        out.println("resident memory: " + sum(lines, true) + "; of it the daemons " + sum(lines, false));
        out.flush();
    }

    /** Plain, as each process is seen, and with shared pages (JVM, start-up cache) counted once. */
    private static String sum(List<Line> lines, boolean all) {
        List<Line> counted = lines.stream()
                .filter(line -> line.record().ownsProcess())
                .filter(line -> all
                        || !List.of("app", "postgres").contains(line.record().kind()))
                .toList();
        long resident = counted.stream().mapToLong(Line::rss).sum();
        long proportional = counted.stream().mapToLong(Line::pss).sum();
        return (resident >> 20) + " MiB (" + (proportional >> 20) + " MiB with shared pages counted once)";
    }

    static String listens(Map<String, String> listens) {
        return listens.isEmpty()
                ? "-"
                : listens.entrySet().stream()
                        .map(listener -> listener.getKey() + " " + listener.getValue())
                        .collect(Collectors.joining(", "));
    }

    private static String duration(Duration duration) {
        if (duration.toHours() > 0) {
            return duration.toHours() + "h" + duration.toMinutesPart() + "m";
        }
        return duration.toMinutes() > 0
                ? duration.toMinutes() + "m" + duration.toSecondsPart() + "s"
                : duration.toSeconds() + "s";
    }

    private static String json(List<Line> lines) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = new JsonFactory().createGenerator(text).useDefaultPrettyPrinter()) {
            out.writeStartArray();
            for (Line line : lines) {
                RunRecord record = line.record();
                out.writeStartObject();
                out.writeStringField("node", record.name());
                out.writeStringField("kind", record.kind());
                out.writeStringField("process", record.host());
                out.writeNumberField("pid", record.process().pid());
                out.writeStringField("state", line.alive() ? "running" : "dead");
                out.writeBooleanField("ready", line.ready());
                if (!line.ready()) {
                    out.writeStringField("complaint", line.complaint());
                }
                out.writeObjectFieldStart("listens");
                for (Map.Entry<String, String> listener : record.listens().entrySet()) {
                    out.writeStringField(listener.getKey(), listener.getValue());
                }
                out.writeEndObject();
                out.writeNumberField("uptime_seconds", line.uptime().toMillis() / 1000.0);
                out.writeNumberField("rss_bytes", line.rss());
                out.writeNumberField("pss_bytes", line.pss());
                out.writeNumberField("cpu_seconds", line.cpu().toMillis() / 1000.0);
                out.writeEndObject();
            }
            out.writeEndArray();
        }
        return text.toString();
    }

    private record Line(
            RunRecord record, boolean alive, String complaint, Duration uptime, long rss, long pss, Duration cpu) {
        boolean ready() {
            return complaint.isEmpty();
        }
    }
}
