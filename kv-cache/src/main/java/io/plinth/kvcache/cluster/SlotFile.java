package io.plinth.kvcache.cluster;

import io.plinth.kit.file.WholeFile;
import io.plinth.kvcache.keyspace.Slots;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The slot table on disk, as text with a checksum, replaced as a whole:
 *
 * <pre>
 * plinth kv-cache slots 1
 * epoch 1
 * node cache-1
 * slots 0-5461 0
 * crc32c 1f2e3d4c
 * </pre>
 */
final class SlotFile {
    private static final String HEADER = "plinth kv-cache slots 1";
    private static final String NAME = "slots";
    private static final short NOBODY = -1;

    private final Path path;

    SlotFile(Path folder) {
        this.path = folder.resolve(NAME);
    }

    Path path() {
        return path;
    }

    /** The stored table, or null when there is none yet. */
    @Nullable
    SlotAssignment load() throws IOException {
        if (!Files.exists(path)) {
            return null;
        }
        String text = Files.readString(path, StandardCharsets.UTF_8);
        int crcAt = text.lastIndexOf("crc32c ");
        if (crcAt < 0 || !text.substring(crcAt).strip().equals(checksum(text.substring(0, crcAt)))) {
            throw damaged("its checksum does not fit");
        }
        try {
            return parse(text.substring(0, crcAt).lines().toList());
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw damaged("it is not a slot table of this version");
        }
    }

    private SlotAssignment parse(List<String> lines) throws IOException {
        if (!lines.getFirst().equals(HEADER)) {
            throw damaged("it is not a slot table of this version");
        }
        long epoch = Long.parseLong(lines.get(1).substring("epoch ".length()));
        List<String> nodes = new ArrayList<>();
        short[] owners = new short[Slots.COUNT];
        Arrays.fill(owners, NOBODY);
        for (String line : lines.subList(2, lines.size())) {
            if (line.startsWith("node ")) {
                nodes.add(line.substring("node ".length()));
            } else {
                int dash = line.indexOf('-');
                int space = line.lastIndexOf(' ');
                int first = Integer.parseInt(line, "slots ".length(), dash, 10);
                int last = Integer.parseInt(line, dash + 1, space, 10);
                Arrays.fill(owners, first, last + 1, Short.parseShort(line.substring(space + 1)));
            }
        }
        for (short owner : owners) {
            if (owner < 0 || owner >= nodes.size()) {
                throw damaged("it leaves slots without an owner");
            }
        }
        return new SlotAssignment(epoch, nodes, owners);
    }

    private IOException damaged(String why) {
        return new IOException("slot table " + path + ": " + why
                + " (restore it from another node of the cluster, or remove it to plan the table anew)");
    }

    /** Replaces the stored table; durable on return. */
    void store(SlotAssignment table) throws IOException {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        text.append("epoch ").append(table.epoch()).append('\n');
        table.nodes().forEach(node -> text.append("node ").append(node).append('\n'));
        for (int node = 0; node < table.nodes().size(); node++) {
            for (SlotRange range : table.ranges(node)) {
                text.append("slots ").append(range.first()).append('-').append(range.last());
                text.append(' ').append(node).append('\n');
            }
        }
        text.append(checksum(text.toString())).append('\n');
        WholeFile.replace(path, text);
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "crc32c " + String.format("%08x", crc.getValue());
    }
}
