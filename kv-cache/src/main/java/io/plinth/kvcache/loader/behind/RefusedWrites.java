package io.plinth.kvcache.loader.behind;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;

/**
 * Owned by the thread that writes the queue: a file of writes that loaders refused for good, one line of JSON each: {@code accepted},
 * {@code loader}, {@code name} (the key as text), {@code key} and {@code value} (base64; null where the key is removed), {@code reason}.
 * It is bounded, and only ever appended to: whoever looked at it moves it away. A write may be there twice, where the process ended before
 * the queue had forgotten it.
 */
public final class RefusedWrites implements SetAside {
    private final Path file;
    private final long most;
    private final JsonFactory json = new JsonFactory();

    public RefusedWrites(Path file, long most) {
        this.file = file;
        this.most = most;
    }

    @Override
    public boolean[] keep(List<Refused> refused) throws IOException {
        boolean[] kept = new boolean[refused.size()];
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            long before = out.size();
            long size = before;
            try {
                for (int i = 0; i < kept.length; i++) {
                    byte[] line = line(refused.get(i));
                    kept[i] = size + line.length <= most;
                    for (ByteBuffer rest = ByteBuffer.wrap(line); kept[i] && rest.hasRemaining(); ) {
                        size += out.write(rest);
                    }
                }
                if (size > before) {
                    out.force(true);
                }
            } catch (IOException e) {
                // Half a line would spoil the next one, and these are kept again.
                out.truncate(before);
                throw e;
            }
        }
        return kept;
    }

    private byte[] line(Refused refused) throws IOException {
        BehindWrite write = refused.write();
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try (JsonGenerator out = json.createGenerator(line)) {
            out.writeStartObject();
            out.writeStringField(
                    "accepted", Instant.ofEpochMilli(refused.acceptedMillis()).toString());
            out.writeStringField("loader", write.loader());
            out.writeStringField("name", new String(write.key(), StandardCharsets.UTF_8));
            out.writeBinaryField("key", write.key());
            byte[] value = write.value();
            if (value == null) {
                out.writeNullField("value");
            } else {
                out.writeBinaryField("value", value);
            }
            out.writeStringField("reason", refused.reason());
            out.writeEndObject();
        }
        line.write('\n');
        return line.toByteArray();
    }
}
