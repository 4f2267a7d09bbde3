package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.write.Streams;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What the effects that {@link Streams} tells do to a stream, which may be one that has some of them already. */
final class StreamEffects {
    private StreamEffects() {}

    static void apply(Segment segment, Entry entry, String effect, byte[] packed) {
        List<byte[]> args = new ArrayList<>();
        ListPack pack = ListPack.of(packed);
        if (pack == null) {
            throw new IllegalStateException("stream effect: damaged arguments");
        }
        for (int at = pack.first(); at != ListPack.END; at = pack.next(at)) {
            args.add(pack.get(at));
        }
        switch (effect) {
            case "add" -> Streams.addAgain(segment, entry, id(args, 0), List.copyOf(args.subList(1, args.size())));
            case "remove" -> remove(segment, entry, id(args, 0));
            case "below" -> Streams.trim(segment, entry, id(args, 0), false, 0);
            // Of an earlier version, and of the last id there is.
            case "trim" ->
                Streams.trim(segment, entry, Math.max(0, entry.stream().size() - number(args, 0)), false, 0);
            case "set" -> Streams.set(segment, entry, id(args, 0), id(args, 1), number(args, 2));
            case "group" -> Streams.group(segment, entry, text(args, 0), id(args, 1), number(args, 2));
            case "ungroup" -> Streams.ungroup(segment, entry, text(args, 0));
            default -> group(segment, entry, effect, args);
        }
    }

    private static void remove(Segment segment, Entry entry, StreamId id) {
        StreamValue stream = entry.stream();
        if (!Streams.remove(segment, entry, id) && id.compareTo(stream.maxDeleted()) > 0) {
            Streams.set(segment, entry, stream.last(), id, stream.added());
        }
    }

    private static void group(Segment segment, Entry entry, String effect, List<byte[]> args) {
        StreamGroup group = entry.stream().group(text(args, 0));
        if (group == null) {
            // It went, and a snapshot's parts were written after that: the change behind this one that says so is to
            // come.
            return;
        }
        switch (effect) {
            case "position" -> Streams.position(segment, entry, group, id(args, 1), number(args, 2));
            case "consumer" -> {
                if (group.consumer(text(args, 1)) == null) {
                    Streams.consumer(segment, entry, group, text(args, 1), number(args, 2));
                }
            }
            case "unconsumer" -> {
                Consumer gone = group.consumer(text(args, 1));
                if (gone != null) {
                    Streams.unconsumer(segment, entry, group, gone);
                }
            }
            case "deliver" -> {
                Consumer known = group.consumer(text(args, 2));
                Consumer to =
                        known == null ? Streams.consumer(segment, entry, group, text(args, 2), number(args, 3)) : known;
                Streams.deliver(segment, entry, group, id(args, 1), to, number(args, 3), number(args, 4));
            }
            case "acknowledge" -> Streams.acknowledge(segment, entry, group, id(args, 1));
            default -> throw new IllegalStateException("stream effect: " + effect + " (expected: one that is known)");
        }
    }

    private static String text(List<byte[]> args, int index) {
        return new String(args.get(index), StandardCharsets.ISO_8859_1);
    }

    private static long number(List<byte[]> args, int index) {
        return Long.parseLong(text(args, index));
    }

    private static StreamId id(List<byte[]> args, int index) {
        String text = text(args, index);
        int dash = text.indexOf('-');
        return new StreamId(
                Long.parseUnsignedLong(text, 0, dash, 10), Long.parseUnsignedLong(text, dash + 1, text.length(), 10));
    }
}
