package io.plinth.kvcache.persist.journal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Owned by recovery: the records of a journal's segments, without Chronicle. Where bytes are damaged the next intact excerpt is looked
 * for; what has none behind it is the tail that a crash tore.
 */
public final class JournalScanner {
    private static final int META = 0x4000_0000;
    private static final int LENGTH = 0x3fff_ffff;
    private static final int LONGEST = 1 << 30;
    /** So many zeros at an excerpt's end say that it was not written to its end. */
    private static final int UNWRITTEN = 8;

    private final Path folder;
    private final Consumer<ByteBuffer> visitor;
    private final List<Damage> damages = new ArrayList<>();
    private final ByteArrayOutputStream carried = new ByteArrayOutputStream();
    private final List<Damage> torn = new ArrayList<>();
    private int missing;
    private String file = "";

    public JournalScanner(Path folder, Consumer<ByteBuffer> visitor) {
        this.folder = folder;
        this.visitor = visitor;
    }

    /** Reads the segments from a number on, up to where one was begun anew; answers what was damaged. */
    public List<Damage> scan(int from) throws IOException {
        int expected = from;
        for (Map.Entry<Integer, Path> entry :
                ChronicleStore.readable(folder, from).entrySet()) {
            if (expected > 0 && entry.getKey() > expected) {
                damages.add(new Damage(
                        entry.getValue().getFileName().toString(),
                        0,
                        "the segments before it from " + expected + " on are not there"));
            }
            expected = entry.getKey() + 1;
            @Nullable Path found = ChronicleSegment.file(entry.getValue());
            if (found != null) {
                file = folder.relativize(found).toString();
                try (FileChannel channel = FileChannel.open(found, StandardOpenOption.READ)) {
                    ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(channel.size(), LONGEST));
                    int read;
                    do {
                        read = channel.read(bytes);
                    } while (read >= 0 && bytes.hasRemaining());
                    segment(entry.getKey(), bytes.flip());
                }
            }
        }
        return damages;
    }

    /** What a crash tore at the end of segments: it was not written to its end, or was not on disk when the power went. */
    public List<Damage> torn() {
        return torn;
    }

    private void segment(int segment, ByteBuffer bytes) {
        ByteBuffer words = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        int number = 0;
        boolean ended = false;
        int tails = torn.size();
        drop();
        while (at + 4 <= bytes.limit()) {
            int word = words.getInt(at);
            long behind = at + 4L + (word & LENGTH);
            if ((word & META) != 0 && word > 0 && behind <= bytes.limit() && !Excerpt.isAt(bytes, at + 4, segment)) {
                at = (int) (behind + 3 & ~3);
                continue;
            }
            if (!Excerpt.isAt(bytes, at + 4, segment)) {
                int next = search(bytes, at + 4, segment);
                if (next < 0) {
                    break;
                }
                damages.add(new Damage(file, at, next - at + " bytes"));
                number = bytes.getInt(next + 16);
                at = next;
                drop();
            } else if (bytes.getInt(at + 16) != number) {
                damages.add(new Damage(file, at, "what stood before it, from excerpt " + number + " on"));
                number = bytes.getInt(at + 16);
                drop();
            }
            int length = bytes.getInt(at + 4 + 16);
            int start = at + 4 + Excerpt.HEAD;
            if (start + length > bytes.limit()) {
                break;
            }
            ended = length == 0;
            excerpt(segment, bytes, start, length, bytes.getInt(at + 4 + 20));
            at = start + length + 3 & ~3;
            number++;
        }
        if (!ended && torn.size() == tails) {
            tail(bytes, at);
        }
        drop();
    }

    /** What there is behind the last excerpt of a segment that a process did not end itself. */
    private void tail(ByteBuffer bytes, int at) {
        int end = bytes.limit();
        while (end > at && bytes.get(end - 1) == 0) {
            end--;
        }
        if (end > at || missing > 0) {
            torn.add(new Damage(file, at, Math.max(end - at, carried.size()) + " bytes"));
        }
    }

    /**
     * Where the zeros begin that end the last excerpt of a segment; {@code end} where there are few, or another excerpt follows. A process
     * that is killed while it copies an excerpt into its map leaves the head and some of the records.
     */
    private static int unwritten(int segment, ByteBuffer bytes, int start, int end) {
        int at = end;
        while (at > start && bytes.get(at - 1) == 0) {
            at--;
        }
        return end - at < UNWRITTEN || search(bytes, end, segment) >= 0 ? end : at;
    }

    /** What stands from one place to another is no record: the tail that a crash tore, or damage. Answers whether it is the tail. */
    private boolean broken(int segment, ByteBuffer bytes, int at, int to, int end, String what) {
        if (to > unwritten(segment, bytes, at, end)) {
            torn.add(new Damage(file, at, end - at + " bytes"));
            return true;
        }
        damages.add(new Damage(file, at, what));
        return false;
    }

    /** Where the word before the next intact head stands; -1 where there is none. */
    private static int search(ByteBuffer bytes, int from, int segment) {
        for (int at = from + 3 & ~3; at + 4 + Excerpt.HEAD <= bytes.limit(); at += 4) {
            if (Excerpt.isAt(bytes, at + 4, segment)) {
                return at;
            }
        }
        return -1;
    }

    private void drop() {
        carried.reset();
        missing = 0;
    }

    private void excerpt(int segment, ByteBuffer bytes, int start, int length, int first) {
        int at = start;
        int end = start + length;
        int piece = Math.min(missing, length);
        if (missing > 0 && (length == 0 || first != piece)) {
            damages.add(new Damage(file, start, "before it a record of " + (carried.size() + missing) + " bytes"));
            drop();
        }
        if (missing > 0) {
            carried.write(bytes.array(), bytes.arrayOffset() + at, piece);
            missing -= piece;
            at += piece;
            if (missing == 0) {
                ByteBuffer whole = ByteBuffer.wrap(carried.toByteArray());
                if (whole.getInt(0) != whole.limit() - Excerpt.RECORD || !record(segment, whole, 0)) {
                    broken(segment, bytes, start, at, end, "a record of " + whole.limit() + " bytes");
                }
                drop();
            }
            return;
        }
        at += first;
        while (at + Excerpt.RECORD <= end) {
            int size = bytes.getInt(at);
            boolean possible = size > 0 && size <= LONGEST;
            if (possible && size > end - at - Excerpt.RECORD) {
                if (at != start || length < Excerpt.LARGEST) {
                    // Only a record that fills its excerpt goes on in the next.
                    broken(segment, bytes, at, end, end, end - at + " bytes");
                    return;
                }
                carried.write(bytes.array(), bytes.arrayOffset() + at, end - at);
                missing = size - (end - at - Excerpt.RECORD);
                return;
            }
            if (!possible) {
                broken(segment, bytes, at, end, end, end - at + " bytes");
                return;
            }
            int next = at + Excerpt.RECORD + size;
            if (!record(segment, bytes, at)
                    && broken(segment, bytes, at, next, end, "a record of " + size + " bytes")) {
                return;
            }
            at = next;
        }
    }

    private boolean record(int segment, ByteBuffer bytes, int at) {
        ByteBuffer body = bytes.slice(at + Excerpt.RECORD, bytes.getInt(at));
        if (bytes.getInt(at + 4) != Excerpt.recordCrc(segment, body)) {
            return false;
        }
        visitor.accept(body);
        return true;
    }
}
