package io.plinth.mqbroker.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.plinth.testkit.SplitFeeding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameDecoderTest {
    private static final int FRAME_MAX = 4096;
    private static final FieldTableCodec TABLES = new FieldTableCodec(4, 1024);

    private static EmbeddedChannel channel() {
        return new EmbeddedChannel(new FrameDecoder(FRAME_MAX, TABLES));
    }

    private static ByteBuf begun() {
        return Unpooled.buffer().writeBytes(FrameDecoder.preamble());
    }

    private static List<Frame> decode(ByteBuf bytes) {
        EmbeddedChannel channel = channel();
        channel.writeInbound(bytes);
        List<Frame> frames = new ArrayList<>();
        for (Frame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
            frames.add(frame);
        }
        channel.finishAndReleaseAll();
        return frames;
    }

    private static ByteBuf conversation() {
        ByteBuf out = begun();
        FieldTable table = new FieldTable(Map.of("deep", new FieldTable(Map.of("list", List.of(1, "two", true)))));
        FrameWriter.method(
                out,
                0,
                new ConnectionMethod.StartOk(
                        table,
                        "PLAIN",
                        "\0guest\0guest".getBytes(java.nio.charset.StandardCharsets.US_ASCII),
                        "en_US"));
        FrameWriter.method(out, 1, new QueueMethod.Declare(0, "q", false, true, false, true, false, table));
        FrameWriter.heartbeat(out);
        FrameWriter.method(out, 7, new BasicMethod.Publish(0, "", "q", true, false));
        FrameWriter.content(out, 7, new byte[] {0x10, 0, 2}, new byte[9000], FRAME_MAX);
        FrameWriter.method(out, 7, new BasicMethod.Ack(1L << 40, true));
        return out;
    }

    @Test
    void aNameThatGrowsAsItIsDecodedIsRefused() {
        ByteBuf out = begun();
        int at = out.writerIndex();
        FrameWriter.method(out, 1, new BasicMethod.Publish(0, "", "x".repeat(255), false, false));
        for (int i = out.indexOf(at, out.writerIndex(), (byte) 'x'), left = 255; left > 0; left--) {
            out.setByte(i + left - 1, 0xFF);
        }
        assertThat(decode(out).getLast())
                .isInstanceOfSatisfying(
                        Frame.Malformed.class,
                        malformed -> assertThat(malformed.error().code()).isEqualTo(ReplyCode.SYNTAX_ERROR));
    }

    @Test
    void aPropertyNeedNotBeText() {
        byte[] properties = new byte[3 + 255];
        properties[0] = 0x04;
        properties[2] = (byte) 255;
        Arrays.fill(properties, 3, properties.length, (byte) 0xFF);
        assertThat(ContentProperties.text(properties, ContentProperties.Field.CORRELATION_ID))
                .hasSize(255);
    }

    @Test
    void anySplitOfAConversationGivesTheSameFrames() {
        List<String> seen = SplitFeeding.of(conversation()).rounds(30).channel(FrameDecoderTest::channel);
        assertThat(seen).hasSizeGreaterThanOrEqualTo(9);
    }

    @Test
    void aBodyIsCutToTheAgreedFrameSize() {
        List<Frame> frames = decode(conversation());
        List<Integer> sizes = frames.stream()
                .filter(Frame.BodyFrame.class::isInstance)
                .map(frame -> ((Frame.BodyFrame) frame).payload().length)
                .toList();
        assertThat(sizes).containsExactly(4088, 4088, 824);
    }

    @Test
    void anotherProtocolIsRefusedAtItsFirstStrangeOctet() {
        assertThat(decode(Unpooled.copiedBuffer("GET / HTTP/1.1\r\n", java.nio.charset.StandardCharsets.US_ASCII)))
                .containsExactly(new Frame.WrongPreamble());
        assertThat(decode(Unpooled.wrappedBuffer(new byte[] {'A', 'M', 'Q', 'P', 1, 1, 0, 9})))
                .containsExactly(new Frame.WrongPreamble());
    }

    @ParameterizedTest
    @CsvSource({
        "unknown type,             09 0001 00000000 CE,                       FRAME_ERROR",
        "longer than frame_max,    03 0001 00000FF9,                          FRAME_ERROR",
        "size beyond 2 GiB,        03 0001 FFFFFFFF,                          FRAME_ERROR",
        "wrong end octet,          08 0000 00000000 CD,                       FRAME_ERROR",
        "heartbeat with payload,   08 0000 00000001 00 CE,                    FRAME_ERROR",
        "heartbeat on a channel,   08 0001 00000000 CE,                       UNEXPECTED_FRAME",
        "half a method id,         01 0001 00000002 003C CE,                  FRAME_ERROR",
        "unknown class,            01 0001 00000004 0063 0001 CE,             COMMAND_INVALID",
        "unknown method,           01 0001 00000004 003C 0063 CE,             COMMAND_INVALID",
        "argument cut short,       01 0001 00000005 003C 0050 00 CE,          SYNTAX_ERROR",
        "arguments too long,       01 0001 00000006 003C 006F 0000 CE,        SYNTAX_ERROR",
        "short string past frame,  01 0001 00000007 0014 000A FF 61 61 CE,    SYNTAX_ERROR",
        "header cut short,         02 0001 00000002 003C CE,                  SYNTAX_ERROR",
        "negative body size,       02 0001 0000000E 003C 0000 FFFFFFFFFFFFFFFF 0000 CE, SYNTAX_ERROR",
        "unknown property flag,    02 0001 0000000E 003C 0000 0000000000000000 0001 CE, SYNTAX_ERROR",
        "property missing,         02 0001 0000000E 003C 0000 0000000000000000 8000 CE, SYNTAX_ERROR"
    })
    void malformedInputEndsInItsError(String what, String hex, ReplyCode expected) {
        byte[] bytes = io.netty.buffer.ByteBufUtil.decodeHexDump(hex.replace(" ", ""));
        List<Frame> frames = decode(begun().writeBytes(bytes).writeBytes(new byte[20]));
        assertThat(frames).as(what).hasSize(2);
        assertThat(((Frame.Malformed) frames.get(1)).error().code()).as(what).isEqualTo(expected);
        SplitFeeding.of(begun().writeBytes(bytes))
                .rounds(5)
                .describe(
                        frame -> frame instanceof Frame.Malformed m ? m.error().replyText() : frame.toString())
                .channel(FrameDecoderTest::channel);
    }

    @Test
    void tablesHaveADepthAndASize() {
        FieldTable deep = FieldTable.EMPTY;
        for (int i = 0; i < 5; i++) {
            deep = new FieldTable(Map.of("t", deep));
        }
        FieldTable large = new FieldTable(Map.of("s", "x".repeat(2000)));
        for (FieldTable table : List.of(deep, large)) {
            ByteBuf out = begun();
            FrameWriter.method(
                    out, 1, new ExchangeMethod.Declare(0, "e", "direct", false, true, false, false, false, table));
            Frame.Malformed refused = (Frame.Malformed) decode(out).get(1);
            assertThat(refused.error().code()).isEqualTo(ReplyCode.SYNTAX_ERROR);
            assertThat(refused.error()).hasMessageContaining("table").hasMessageContaining("expected: <=");
        }
    }

    @Test
    void replyTextsFitAShortString() {
        AmqpException error = new AmqpException(ReplyCode.NOT_FOUND, "\u00fc".repeat(300));
        assertThat(error.replyText().getBytes(java.nio.charset.StandardCharsets.UTF_8))
                .hasSizeLessThanOrEqualTo(255);
    }
}
