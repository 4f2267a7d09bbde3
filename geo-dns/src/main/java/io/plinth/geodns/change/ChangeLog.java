package io.plinth.geodns.change;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by {@link Changes}: every change there was, one JSON object a line, each on disk before it holds. */
final class ChangeLog {
    private static final JsonFactory JSON = new JsonFactory();

    private final Path file;
    private final List<Change> changes = new ArrayList<>();
    private final Map<String, String> current = new HashMap<>();

    private ChangeLog(Path file) {
        this.file = file;
    }

    /** Reads a log; a last line that was cut off, as by a crash, never held and is taken away. */
    static ChangeLog open(Path file) throws IOException {
        ChangeLog log = new ChangeLog(file);
        if (Files.exists(file)) {
            byte[] octets = Files.readAllBytes(file);
            int whole = octets.length;
            while (whole > 0 && octets[whole - 1] != '\n') {
                whole--;
            }
            if (whole < octets.length) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(whole);
                }
            }
            for (String line :
                    (Iterable<String>) new String(octets, 0, whole, StandardCharsets.UTF_8).lines()::iterator) {
                log.remember(read(line));
            }
        }
        return log;
    }

    private void remember(Change change) {
        changes.add(change);
        String after = change.after();
        if (after == null) {
            current.remove(change.key());
        } else {
            current.put(change.key(), after);
        }
    }

    List<Change> changes() {
        return List.copyOf(changes);
    }

    Map<String, String> current() {
        return Map.copyOf(current);
    }

    long version() {
        return changes.isEmpty() ? 0 : changes.getLast().version();
    }

    /** Puts changes behind the others, on disk first; all of them or none. */
    void append(List<Change> more) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Change change : more) {
            text.append(write(change)).append('\n');
        }
        ByteBuffer lines = StandardCharsets.UTF_8.encode(text.toString());
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            long whole = channel.size();
            try {
                while (lines.hasRemaining()) {
                    channel.write(lines);
                }
                channel.force(true);
            } catch (IOException e) {
                // What was cut off, as by a full disk, must not stand before the next change.
                channel.truncate(whole);
                throw e;
            }
        }
        more.forEach(this::remember);
    }

    private static String write(Change change) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("version", change.version());
            json.writeNumberField("millis", change.millis());
            json.writeStringField("key", change.key());
            json.writeStringField("before", change.before());
            json.writeStringField("after", change.after());
            json.writeEndObject();
        }
        return text.toString();
    }

    private static Change read(String line) throws IOException {
        Map<String, @Nullable String> fields = new HashMap<>();
        try (JsonParser json = JSON.createParser(line)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                fields.put(name, json.nextToken() == JsonToken.VALUE_NULL ? null : json.getText());
            }
        }
        String version = fields.get("version");
        String millis = fields.get("millis");
        String key = fields.get("key");
        if (version == null || millis == null || key == null) {
            throw new IOException("change: " + line + " (expected: version, millis and key)");
        }
        return new Change(
                Long.parseLong(version), Long.parseLong(millis), key, fields.get("before"), fields.get("after"));
    }
}
