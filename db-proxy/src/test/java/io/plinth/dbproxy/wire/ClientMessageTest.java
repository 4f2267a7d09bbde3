package io.plinth.dbproxy.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.plinth.dbproxy.wire.FrameReader.Verdict;
import io.plinth.testkit.SplitFeeding;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames and the messages in them, fed whole, byte by byte and at random splits. */
class ClientMessageTest {
    private static final int LIMIT = 1000;

    @Test
    void everyMessageIsReadHoweverItArrives() {
        ByteBuf out = Unpooled.buffer();
        FrontendWriter.query(out, ascii("SELECT 1"));
        FrontendWriter.parse(out, "s", ascii("SELECT $1"), new int[] {20});
        FrontendWriter.bind(out, "p", "s", new byte[] {9, 9, 0, 0, 0, 0, 0, 0}, 2);
        FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.STATEMENT, "s");
        FrontendWriter.execute(out, "p", 10);
        FrontendWriter.named(out, Frontend.CLOSE, Frontend.PORTAL, "p");
        FrontendWriter.bare(out, Frontend.FLUSH);
        FrontendWriter.raw(out, Frontend.FUNCTION_CALL, new byte[] {1, 2});
        FrontendWriter.raw(out, Frontend.COPY_FAIL, ascii("x\0"));
        FrontendWriter.bare(out, Frontend.COPY_DONE);
        FrontendWriter.bare(out, Frontend.SYNC);
        FrontendWriter.bare(out, Frontend.TERMINATE);
        List<String> seen = SplitFeeding.of(out).decoder(ClientMessageTest::reader);
        assertThat(seen).hasSize(12);
        assertThat(seen.get(11)).contains("Terminate");
    }

    @ParameterizedTest
    @CsvSource({
        "Q,5345,without its end",
        "Q,534500aa,bytes too many",
        "P,7300530000,too short",
        "P,730053000002 00000014,parameter types do not fit",
        "B,70,without its end",
        "D,5873 00,neither a statement nor a portal",
        "E,7000 0000,too short",
        "S,00,bytes too many",
        "z,00,message type",
        "p,,Password",
    })
    void malformedBodiesEndInAProtocolViolation(char type, String hex, String message) {
        byte[] body = hex == null ? new byte[0] : bytes(hex.replace(" ", ""));
        ByteBuf out = Unpooled.buffer();
        out.writeByte(type).writeInt(4 + body.length).writeBytes(body);
        assertThat(SplitFeeding.of(out).decoder(ClientMessageTest::reader).toString())
                .contains(message);
    }

    @Test
    void lengthsOutOfBoundsAreRefusedBeforeTheirBodyArrives() {
        ByteBuf tooShort = Unpooled.buffer().writeByte('Q').writeInt(3);
        assertThat(SplitFeeding.of(tooShort).decoder(ClientMessageTest::reader).toString())
                .contains("expected: >= 4");
        ByteBuf tooLong = Unpooled.buffer().writeByte('Q').writeInt(LIMIT + 1);
        assertThat(SplitFeeding.of(tooLong).decoder(ClientMessageTest::reader).toString())
                .contains("max-message");
    }

    @Test
    void startupPacketsAreBounded() throws SqlException {
        ByteBuf in = Unpooled.buffer();
        FrontendWriter.startup(in, java.util.Map.of("user", "shop"));
        assertThat(StartupPacket.read(in)).isEqualTo(new StartupPacket.Session(0, java.util.Map.of("user", "shop")));
        assertThat(in.isReadable()).isFalse();
        assertThat(StartupPacket.read(Unpooled.buffer().writeInt(8).writeInt(StartupPacket.SSL_REQUEST)))
                .isEqualTo(new StartupPacket.Tls());
        assertThat(StartupPacket.read(Unpooled.buffer().writeInt(100).writeInt(196_608)))
                .isNull();
        for (int length : new int[] {-1, 0, 7, 10_001, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> StartupPacket.read(Unpooled.buffer().writeInt(length)))
                    .hasMessageContaining("startup packet length");
        }
        assertThatThrownBy(
                        () -> StartupPacket.read(Unpooled.buffer().writeInt(8).writeInt(2 << 16)))
                .hasMessageContaining("protocol version: 2.0");
        assertThatThrownBy(() -> StartupPacket.read(
                        Unpooled.buffer().writeInt(13).writeInt(196_608).writeBytes(ascii("user\0"))))
                .hasMessageContaining("without its end");
    }

    @Test
    void noiseNeverDoesWorseThanAnError() {
        Random random = new Random(Long.getLong("plinth.seed", 1));
        for (int round = 0; round < 20_000; round++) {
            byte[] body = new byte[random.nextInt(40)];
            random.nextBytes(body);
            byte type = (byte) "QPBDECSHFdcfpX?".charAt(random.nextInt(15));
            try {
                ClientMessage.read(type, Unpooled.wrappedBuffer(body));
            } catch (SqlException e) {
                assertThat(e.error().code()).isEqualTo(SqlError.PROTOCOL_VIOLATION);
            }
        }
    }

    private static Consumer<ByteBuf> reader(Consumer<Object> sink) {
        FrameReader reader = new FrameReader(ByteBufAllocator.DEFAULT, LIMIT);
        FrameReader.Sink frames = new FrameReader.Sink() {
            @Override
            public Verdict frame(byte type, ByteBuf body) throws SqlException {
                sink.accept(ClientMessage.read(type, body));
                return Verdict.DROP;
            }

            @Override
            public boolean streams(byte type) {
                return false;
            }

            @Override
            public void run(ByteBuf run) {
                run.release();
            }

            @Override
            public void handedOn() {}
        };
        return bytes -> {
            try {
                reader.read(bytes.readRetainedSlice(bytes.readableBytes()), frames);
            } catch (SqlException e) {
                reader.close();
                throw new IllegalStateException(e.getMessage());
            }
        };
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(String hex) {
        return java.util.HexFormat.of().parseHex(hex);
    }
}
