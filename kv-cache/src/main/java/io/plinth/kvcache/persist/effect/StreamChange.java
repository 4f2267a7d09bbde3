package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Change.Kind;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.StreamValue;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Immutable: an effect on a stream, as {@link io.plinth.kvcache.keyspace.write.Streams} tells it: its name and its arguments. */
public final class StreamChange {
    private final String effect;
    private final List<byte[]> arguments;

    private StreamChange(String effect, List<byte[]> arguments) {
        this.effect = effect;
        this.arguments = arguments;
    }

    /** Reads that of a change. */
    public static StreamChange read(ChangeRecord change) throws RdbException {
        if (change.kind() != Kind.STREAM) {
            throw new RdbException(change.kind() + " (expected: one of a stream)");
        }
        return new StreamChange(
                new String(ChangeRecord.bytes(change.field()), StandardCharsets.US_ASCII),
                arguments(ChangeRecord.bytes(change.value())));
    }

    static List<byte[]> arguments(byte[] packed) throws RdbException {
        ListPack pack = ListPack.of(packed);
        if (pack == null) {
            throw new RdbException("stream effect: damaged arguments");
        }
        List<byte[]> arguments = new ArrayList<>();
        for (int at = pack.first(); at != ListPack.END; at = pack.next(at)) {
            arguments.add(pack.get(at));
        }
        return arguments;
    }

    /** What an added entry has, of the value of the change that says so: fields and values in turn. */
    public static List<byte[]> fields(ByteBuffer value) throws RdbException {
        List<byte[]> arguments = arguments(ChangeRecord.bytes(value));
        return List.copyOf(arguments.subList(1, arguments.size()));
    }

    /** Its name. */
    public String effect() {
        return effect;
    }

    private String text(int index) {
        return new String(arguments.get(index), StandardCharsets.ISO_8859_1);
    }

    private long number(int index) {
        return Long.parseLong(text(index));
    }

    /** An argument that is an id. */
    public StreamId id(int index) {
        String text = text(index);
        int dash = text.indexOf('-');
        return new StreamId(
                Long.parseUnsignedLong(text, 0, dash, 10), Long.parseUnsignedLong(text, dash + 1, text.length(), 10));
    }

    /** Makes of it what is about the stream's counts and its groups; entries come and go elsewhere. */
    public void count(StreamValue stream) throws RdbException {
        switch (effect) {
            case "add" -> stream.set(id(0), stream.maxDeleted(), stream.added() + 1);
            case "remove" -> {
                StreamId gone = id(0);
                StreamId before = stream.maxDeleted();
                stream.set(stream.last(), gone.compareTo(before) > 0 ? gone : before, stream.added());
            }
            case "below", "trim" -> {
                return;
            }
            case "set" -> stream.set(id(0), id(1), number(2));
            case "group" -> stream.addGroup(text(0), id(1), number(2));
            case "ungroup" -> stream.removeGroup(text(0));
            default -> group(stream.group(text(0)));
        }
    }

    private void group(@Nullable StreamGroup group) throws RdbException {
        if (group == null) {
            // It went, and the image's parts were written after that.
            return;
        }
        switch (effect) {
            case "position" -> group.position(id(1), number(2));
            case "consumer" -> {
                if (group.consumer(text(1)) == null) {
                    group.add(text(1), number(2), -1);
                }
            }
            case "unconsumer" -> {
                Consumer gone = group.consumer(text(1));
                if (gone != null) {
                    group.remove(gone);
                }
            }
            case "deliver" -> {
                Consumer known = group.consumer(text(2));
                group.deliver(id(1), known == null ? group.add(text(2), number(3), -1) : known, number(3), number(4));
            }
            case "acknowledge" -> group.acknowledge(id(1));
            default -> throw new RdbException("stream effect: " + effect + " (expected: one that is known)");
        }
    }
}
