package io.plinth.deploy.process;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The folder {@code run} below the state folder: one small JSON file for everything that was started. Stateless. */
public final class RunFolder {
    private static final JsonFactory JSON = new JsonFactory();

    private final Path state;

    public RunFolder(Path state) {
        this.state = state;
    }

    /** Where the output of a node goes. */
    public Path log(String name) {
        return state.resolve("logs").resolve(name + ".log");
    }

    /** All records, whether their processes live or not, sorted by level and name. */
    public List<RunRecord> records() throws IOException {
        List<RunRecord> records = new ArrayList<>();
        if (Files.isDirectory(folder())) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder(), "*.json")) {
                for (Path file : files) {
                    read(file).ifPresent(records::add);
                }
            }
        }
        records.sort(Comparator.comparingInt(RunRecord::level).thenComparing(RunRecord::name));
        return records;
    }

    /** The record of one node. */
    public Optional<RunRecord> record(String name) throws IOException {
        return read(folder().resolve(name + ".json"));
    }

    /** Puts a record in place of an earlier one of the same name, atomically. */
    public void write(RunRecord record) throws IOException {
        Files.createDirectories(folder());
        Path draft = folder().resolve(record.name() + ".draft");
        Files.writeString(draft, json(record));
        Files.move(
                draft,
                folder().resolve(record.name() + ".json"),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** Forgets a node. */
    public void remove(String name) throws IOException {
        Files.deleteIfExists(folder().resolve(name + ".json"));
    }

    /** Held while something is being started or stopped here; empty when another command holds it. */
    public Optional<Held> hold() throws IOException {
        Files.createDirectories(folder());
        FileChannel channel =
                FileChannel.open(folder().resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(new Held(channel));
            }
        } catch (OverlappingFileLockException e) {
            // Held by this very JVM, which is as much another command as any.
        }
        channel.close();
        return Optional.empty();
    }

    private Path folder() {
        return state.resolve("run");
    }

    private static String json(RunRecord record) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            out.writeStringField("name", record.name());
            out.writeStringField("kind", record.kind());
            out.writeNumberField("pid", record.process().pid());
            out.writeNumberField("start", record.process().startTicks());
            out.writeStringField("boot", record.process().boot());
            out.writeStringField("host", record.host());
            out.writeNumberField("level", record.level());
            out.writeStringField("stop", record.stopSignal());
            out.writeNumberField("patience", record.patience().toMillis());
            out.writeStringField("probe", record.probe());
            out.writeObjectFieldStart("listens");
            for (Map.Entry<String, String> listener : record.listens().entrySet()) {
                out.writeStringField(listener.getKey(), listener.getValue());
            }
            out.writeEndObject();
            out.writeEndObject();
        }
        return text.append('\n').toString();
    }

    private static Optional<RunRecord> read(Path file) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        Map<String, String> listens = new LinkedHashMap<>();
        try (JsonParser in = JSON.createParser(Files.readAllBytes(file))) {
            Map<String, String> target = fields;
            for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
                if (token == JsonToken.START_OBJECT && "listens".equals(in.currentName())) {
                    target = listens;
                } else if (token == JsonToken.END_OBJECT) {
                    target = fields;
                } else if (token.isScalarValue()) {
                    target.put(in.currentName(), in.getText());
                }
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        return Optional.of(new RunRecord(
                text(file, fields, "name"),
                text(file, fields, "kind"),
                new ProcessId(
                        Long.parseLong(text(file, fields, "pid")),
                        Long.parseLong(text(file, fields, "start")),
                        text(file, fields, "boot")),
                text(file, fields, "host"),
                Integer.parseInt(text(file, fields, "level")),
                text(file, fields, "stop"),
                Duration.ofMillis(Long.parseLong(text(file, fields, "patience"))),
                text(file, fields, "probe"),
                listens));
    }

    private static String text(Path file, Map<String, String> fields, String key) throws IOException {
        String value = fields.get(key);
        if (value == null) {
            throw new IOException(file + ": no `" + key + "` (expected: a record that plinth wrote; remove the file)");
        }
        return value;
    }

    /** The right to start and stop things in this state folder. */
    public static final class Held implements AutoCloseable {
        private final FileChannel channel;

        Held(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public void close() {
            try {
                channel.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}
