package io.plinth.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Feeds a decoder the same bytes whole, byte by byte and at seeded random splits, and fails unless every way ends in the
 * same outcome: the same messages in the same order, the same error, the same answer and the same close.
 *
 * <pre>{@code
 * List<String> seen = SplitFeeding.of(bytes).channel(() -> new EmbeddedChannel(new RequestDecoder()));
 * List<String> seen = SplitFeeding.of(bytes).decoder(sink -> { var d = new Parser(sink); return d::feed; });
 * }</pre>
 *
 * What cannot be compared by content is described by {@link #describe}; streams whose pieces fall as they come are joined
 * by {@link #pieces}. {@code -Dplinth.seed=N} repeats one failing split.
 */
public final class SplitFeeding {
    private static final int ROUNDS = 100;
    private static final int BYTE_BY_BYTE_LIMIT = 64 * 1024;

    private final byte[] input;
    private final List<Description.Piece<?>> pieces = new ArrayList<>();
    private Function<Object, String> describe = Description::of;
    private long seed = Long.getLong("plinth.seed", 1);
    private int rounds = Long.getLong("plinth.seed") == null ? ROUNDS : 1;

    private SplitFeeding(byte[] input) {
        this.input = input;
    }

    /** Feeds these bytes. */
    public static SplitFeeding of(byte[] input) {
        return new SplitFeeding(input.clone());
    }

    /** Feeds the readable bytes, and releases the buffer. */
    public static SplitFeeding of(ByteBuf input) {
        byte[] bytes = new byte[input.readableBytes()];
        input.readBytes(bytes).release();
        return new SplitFeeding(bytes);
    }

    /** Starts the random splits at this seed, unless the command line names one. */
    public SplitFeeding seed(long first) {
        seed = Long.getLong("plinth.seed", first);
        return this;
    }

    /** How many random splits are tried; 100 unless told. */
    public SplitFeeding rounds(int count) {
        rounds = Long.getLong("plinth.seed") == null ? count : 1;
        return this;
    }

    /** How a message is compared; content of records, buffers, collections and {@code toString()} unless told. */
    public SplitFeeding describe(Function<Object, String> description) {
        describe = description;
        return this;
    }

    /** Messages of this type carry a piece of a stream: neighbours are joined before they are compared. */
    public <T> SplitFeeding pieces(Class<T> type, Function<? super T, ByteBuf> content) {
        pieces.add(new Description.Piece<>(type, content));
        return this;
    }

    /** Runs against a pipeline, a fresh one each time, and returns what it did when fed whole. */
    public List<String> channel(Supplier<EmbeddedChannel> fresh) {
        return compare(parts -> throughChannel(fresh.get(), parts));
    }

    /**
     * Runs against a function that is given each part, a fresh one each time; the factory is given where results go. The
     * parts stay ours: what the function leaves unread stands before the next part. An exception ends the feeding and is
     * part of the outcome.
     */
    public List<String> decoder(Function<Consumer<Object>, Consumer<ByteBuf>> fresh) {
        return compare(parts -> throughFunction(fresh, parts));
    }

    private List<String> compare(Function<List<ByteBuf>, List<String>> run) {
        List<String> whole = run.apply(parts(new int[] {input.length}));
        if (input.length <= BYTE_BY_BYTE_LIMIT) {
            int[] ones = new int[input.length];
            Arrays.fill(ones, 1);
            same(whole, run.apply(parts(ones)), "byte by byte");
        }
        for (long s = seed; s < seed + rounds; s++) {
            int[] lengths = split(s);
            same(whole, run.apply(parts(lengths)), "at seed " + s + ", part lengths " + brief(lengths));
        }
        return whole;
    }

    private static void same(List<String> whole, List<String> other, String how) {
        if (!whole.equals(other)) {
            throw new AssertionError("outcome fed " + how + ":\n  " + String.join("\n  ", other)
                    + "\n(expected, as fed whole):\n  " + String.join("\n  ", whole)
                    + "\nrepeat a random split with -Dplinth.seed=N");
        }
    }

    private static String brief(int[] lengths) {
        return lengths.length <= 40
                ? Arrays.toString(lengths)
                : Arrays.toString(Arrays.copyOf(lengths, 40)) + " and " + (lengths.length - 40) + " more";
    }

    /** Mostly short parts, now and then one up to the whole, so that both headers and bodies are cut. */
    private int[] split(long s) {
        SplittableRandom random = new SplittableRandom(s);
        int usual = 1 + random.nextInt(1, 64);
        List<Integer> lengths = new ArrayList<>();
        for (int left = input.length; left > 0; ) {
            int bound = random.nextInt(8) == 0 ? left : Math.min(left, usual);
            int length = 1 + random.nextInt(bound);
            lengths.add(length);
            left -= length;
        }
        return lengths.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Each part is a buffer of its own with foreign bytes before and no room after, so that neither is relied on. */
    private List<ByteBuf> parts(int[] lengths) {
        List<ByteBuf> parts = new ArrayList<>(lengths.length);
        int at = 0;
        for (int length : lengths) {
            ByteBuf part = ByteBufAllocator.DEFAULT.buffer(length + 3, length + 3);
            part.writeMedium(0x5A5A5A).writeBytes(input, at, length).skipBytes(3);
            parts.add(part);
            at += length;
        }
        return parts;
    }

    private List<String> throughChannel(EmbeddedChannel channel, List<ByteBuf> parts) {
        Recorder seen = new Recorder();
        channel.pipeline().addLast(seen);
        for (ByteBuf part : parts) {
            if (channel.isOpen() && !seen.outcome.failed) {
                channel.writeInbound(part);
                channel.runPendingTasks();
            } else {
                part.release();
            }
        }
        boolean closed = !channel.isOpen();
        channel.finish();
        seen.outcome.answers();
        for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            seen.outcome.add(out);
            ReferenceCountUtil.release(out);
        }
        channel.releaseInbound();
        return seen.outcome.end(closed);
    }

    private List<String> throughFunction(Function<Consumer<Object>, Consumer<ByteBuf>> fresh, List<ByteBuf> parts) {
        Outcome outcome = new Outcome();
        Consumer<ByteBuf> decoder = fresh.apply(outcome::add);
        ByteBuf unread = ByteBufAllocator.DEFAULT.buffer(0);
        for (ByteBuf part : parts) {
            ByteBuf next = ByteBufAllocator.DEFAULT.buffer(unread.readableBytes() + part.readableBytes());
            next.writeBytes(unread).writeBytes(part);
            unread.release();
            part.release();
            unread = next;
            if (!outcome.failed) {
                try {
                    decoder.accept(unread);
                } catch (RuntimeException e) {
                    outcome.failed(e);
                }
            }
        }
        int left = unread.readableBytes();
        unread.release();
        if (!outcome.failed && left > 0) {
            outcome.lines.add("unread: " + left + " bytes");
        }
        return outcome.end(false);
    }

    /** Owned by the feeding thread. Last in the pipeline: sees messages and errors in their order. */
    private final class Recorder extends ChannelInboundHandlerAdapter {
        private final Outcome outcome = new Outcome();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            outcome.add(message);
            ReferenceCountUtil.release(message);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            // Events of the channel itself (shutdown, writability) are no part of what was decoded.
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            outcome.failed(cause);
        }
    }

    /** Owned by the feeding thread. What one feeding ended in; what follows the first error is not compared. */
    private final class Outcome {
        private final List<String> lines = new ArrayList<>();
        private final StringBuilder stream = new StringBuilder();
        private boolean failed;

        void add(Object message) {
            if (failed) {
                return;
            }
            String piece = Description.piece(message, pieces);
            if (piece == null) {
                flush();
                lines.add(describe.apply(message));
            } else {
                stream.append(piece);
            }
        }

        void failed(Throwable cause) {
            if (!failed) {
                flush();
                Throwable root = cause;
                while (root instanceof io.netty.handler.codec.DecoderException && root.getCause() != null) {
                    root = root.getCause();
                }
                lines.add("! " + root.getClass().getSimpleName() + ": " + root.getMessage());
                failed = true;
            }
        }

        void answers() {
            flush();
            lines.add("answers:");
            failed = false;
        }

        List<String> end(boolean closed) {
            flush();
            if (closed) {
                lines.add("closed");
            }
            return List.copyOf(lines);
        }

        private void flush() {
            if (!stream.isEmpty()) {
                lines.add("bytes: " + stream);
                stream.setLength(0);
            }
        }
    }
}
