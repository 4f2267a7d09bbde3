package io.plinth.geodns.change;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.plinth.kit.file.WholeFile;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by {@link Changes}: the last changes there were, one JSON object a line, each on disk before it holds. In front
 * of them stands what had been changed before the oldest of them, in lines with {@code base}.
 */
final class ChangeLog {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeLog.class);
    private static final JsonFactory JSON = new JsonFactory();

    private final Path file;
    private final Changes.Limits limits;
    private final Deque<Change> changes = new ArrayDeque<>();
    private final Map<String, String> base = new HashMap<>();
    private final Map<String, String> current = new HashMap<>();
    private long baseVersion;
    private long held;
    private int dropped;
    private long droppedSize;

    private ChangeLog(Path file, Changes.Limits limits) {
        this.file = file;
        this.limits = limits;
    }

    /** Reads a log; a last line that was cut off, as by a crash, never held and is taken away. */
    static ChangeLog open(Path file, Changes.Limits limits) throws IOException {
        ChangeLog log = new ChangeLog(file, limits);
        if (Files.exists(file)) {
            long whole = 0;
            try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                ByteArrayOutputStream line = new ByteArrayOutputStream();
                for (int octet = in.read(); octet >= 0; octet = in.read()) {
                    if (octet == '\n') {
                        whole += line.size() + 1;
                        log.read(line.toString(StandardCharsets.UTF_8));
                        line.reset();
                    } else {
                        line.write(octet);
                    }
                }
            }
            if (whole < Files.size(file)) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(whole);
                }
            }
            if (log.dropped > 0) {
                log.tryCompact();
            }
        }
        return log;
    }

    private void remember(Change change) {
        changes.add(change);
        held += size(change);
        put(current, change);
        while (changes.size() > limits.versions() || (held > limits.octets() && changes.size() > 1)) {
            Change oldest = changes.removeFirst();
            put(base, oldest);
            baseVersion = oldest.version();
            held -= size(oldest);
            dropped++;
            droppedSize += size(oldest);
        }
    }

    private static void put(Map<String, String> all, Change change) {
        String after = change.after();
        if (after == null) {
            all.remove(change.key());
        } else {
            all.put(change.key(), after);
        }
    }

    /** What a change keeps in memory: the text before it is the one after another. */
    private static long size(Change change) {
        String after = change.after();
        return after == null ? 0 : after.length();
    }

    /** The oldest first. */
    List<Change> changes() {
        return List.copyOf(changes);
    }

    Map<String, String> current() {
        return Map.copyOf(current);
    }

    /** What a key stands for now; null for what the file says. */
    @Nullable
    String current(String key) {
        return current.get(key);
    }

    long version() {
        return changes.isEmpty() ? baseVersion : changes.getLast().version();
    }

    /** The oldest version there is a way back to, but for 0. */
    long oldest() {
        return baseVersion;
    }

    /** Everything that was changed after a version, which is 0 or not before the oldest. */
    Map<String, String> at(long version) {
        Map<String, String> then = new HashMap<>();
        if (version >= baseVersion) {
            then.putAll(base);
            changes.stream().filter(change -> change.version() <= version).forEach(change -> put(then, change));
        }
        return then;
    }

    /** Puts changes behind the others, on disk first; all of them or none. */
    void append(List<Change> more) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Change change : more) {
            text.append(line(change)).append('\n');
        }
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            long whole = channel.size();
            try {
                WholeFile.write(channel, text);
                channel.force(true);
                if (whole == 0) {
                    WholeFile.forceName(file);
                }
            } catch (IOException e) {
                // What was cut off, as by a full disk, must not stand before the next change.
                channel.truncate(whole);
                throw e;
            }
        }
        more.forEach(this::remember);
        if (dropped >= limits.versions() || droppedSize > limits.octets()) {
            tryCompact();
        }
    }

    private void tryCompact() {
        try {
            compact();
        } catch (IOException e) {
            LOG.warn("{} - keeps what is too old, as it cannot be written anew: {}", file, e.toString());
        }
    }

    /** Writes the file anew, without what is too old. */
    private void compact() throws IOException {
        WholeFile.replace(file, channel -> {
            WholeFile.write(channel, line(null, null) + '\n');
            for (Map.Entry<String, String> entry : base.entrySet()) {
                WholeFile.write(channel, line(entry.getKey(), entry.getValue()) + '\n');
            }
            for (Change change : changes) {
                WholeFile.write(channel, line(change) + '\n');
            }
        });
        dropped = 0;
        droppedSize = 0;
    }

    private String line(@Nullable String key, @Nullable String after) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("base", baseVersion);
            if (key != null) {
                json.writeStringField("key", key);
                json.writeStringField("after", after);
            }
            json.writeEndObject();
        }
        return text.toString();
    }

    private static String line(Change change) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("version", change.version());
            json.writeNumberField("millis", change.millis());
            json.writeStringField("key", change.key());
            json.writeStringField("after", change.after());
            json.writeEndObject();
        }
        return text.toString();
    }

    private void read(String line) throws IOException {
        Map<String, @Nullable String> fields = new HashMap<>();
        try (JsonParser json = JSON.createParser(line)) {
            json.nextToken();
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                fields.put(name, json.nextToken() == JsonToken.VALUE_NULL ? null : json.getText());
            }
        }
        String before = fields.get("base");
        String version = fields.get("version");
        String millis = fields.get("millis");
        String key = fields.get("key");
        String after = fields.get("after");
        if (before != null) {
            baseVersion = Long.parseLong(before);
            if (key != null && after != null) {
                base.put(key, after);
                current.put(key, after);
            }
        } else if (version != null && millis != null && key != null) {
            remember(new Change(Long.parseLong(version), Long.parseLong(millis), key, current.get(key), after));
        } else {
            throw new IOException("change: " + line + " (expected: version, millis and key)");
        }
    }
}
