package io.plinth.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.TooLongFrameException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class SplitFeedingTest {
    private static final byte[] LINES = "one\ntwo two\n\nthree\nrest".getBytes(UTF_8);

    /** One line of text. */
    record Line(String text) {}

    /** A right decoder: waits for a whole line. */
    static final class LineDecoder extends ByteToMessageDecoder {
        private final int limit;

        LineDecoder(int limit) {
            this.limit = limit;
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            int length = in.bytesBefore((byte) '\n');
            if (length > limit || (length < 0 && in.readableBytes() > limit)) {
                in.skipBytes(in.readableBytes());
                throw new TooLongFrameException("line (expected: at most " + limit + ")");
            }
            if (length >= 0) {
                out.add(new Line(in.readCharSequence(length, UTF_8).toString()));
                in.skipBytes(1);
            }
        }
    }

    /** A wrong one: takes what one read brought for a line. */
    static final class ReadIsALine extends ByteToMessageDecoder {
        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
            out.add(new Line(in.readCharSequence(in.readableBytes(), UTF_8).toString()));
        }
    }

    @Test
    void aRightDecoderHasOneOutcome() {
        assertThat(SplitFeeding.of(LINES).channel(() -> new EmbeddedChannel(new LineDecoder(100))))
                .containsExactly("Line[text=one]", "Line[text=two two]", "Line[text=]", "Line[text=three]", "answers:");
    }

    @Test
    void anErrorIsPartOfTheOutcome() {
        assertThat(SplitFeeding.of(LINES).channel(() -> new EmbeddedChannel(new LineDecoder(5))))
                .containsExactly("Line[text=one]", "! TooLongFrameException: line (expected: at most 5)", "answers:");
    }

    @Test
    void aDecoderThatMistakesReadsForMessagesFails() {
        assertThatThrownBy(() -> SplitFeeding.of(LINES).channel(() -> new EmbeddedChannel(new ReadIsALine())))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("byte by byte");
    }

    @Test
    void aDecoderThatIsWrongAtSomeSplitsFailsWithItsSeed() {
        byte[] input = "aab".repeat(30).getBytes(UTF_8);
        assertThatThrownBy(
                        () -> SplitFeeding.of(input).seed(7).decoder(sink -> part -> wrongFromThreeBytesOn(part, sink)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("at seed ");
    }

    private static void wrongFromThreeBytesOn(ByteBuf part, Consumer<Object> sink) {
        boolean whole = part.readableBytes() == 90 || part.readableBytes() == 1;
        while (part.isReadable()) {
            sink.accept(whole ? (char) part.readByte() : Character.toUpperCase((char) part.readByte()));
        }
    }

    @Test
    void unreadBytesStandBeforeTheNextPart() {
        List<String> seen = SplitFeeding.of(LINES).decoder(sink -> in -> {
            for (int length = in.bytesBefore((byte) '\n'); length >= 0; length = in.bytesBefore((byte) '\n')) {
                sink.accept(in.readCharSequence(length, UTF_8).toString());
                in.skipBytes(1);
            }
        });
        assertThat(seen).containsExactly("one", "two two", "", "three", "unread: 4 bytes");
    }

    @Test
    void piecesOfAStreamAreJoined() {
        record Chunk(ByteBuf data) {}
        List<ByteBuf> kept = new ArrayList<>();
        List<String> seen = SplitFeeding.of(LINES)
                .pieces(Chunk.class, Chunk::data)
                .decoder(sink -> in -> {
                    ByteBuf data = in.readRetainedSlice(in.readableBytes());
                    kept.add(data);
                    sink.accept(new Chunk(data));
                });
        kept.forEach(ByteBuf::release);
        assertThat(seen).containsExactly("bytes: one\\x0atwo two\\x0a\\x0athree\\x0arest");
    }
}
