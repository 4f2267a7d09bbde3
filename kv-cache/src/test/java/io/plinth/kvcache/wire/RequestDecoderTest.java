package io.plinth.kvcache.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.testkit.SplitFeeding;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestDecoderTest {
    private static final WireLimits LIMITS = new WireLimits(1024, 64, 256, 4096);

    private static List<String> decode(String input) {
        return SplitFeeding.of(input.getBytes(ISO_8859_1)).decoder(RequestDecoderTest::decoder);
    }

    private static Consumer<ByteBuf> decoder(Consumer<Object> sink) {
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), new ClientMemory(1 << 20));
        return in -> {
            try {
                decoder.feed(in);
                while (decoder.next()) {
                    sink.accept(text(decoder.args()));
                }
            } catch (ProtocolException e) {
                throw new IllegalStateException(e.getMessage(), e);
            }
        };
    }

    static String text(Args args) {
        StringJoiner text = new StringJoiner("|");
        for (int i = 0; i < args.count(); i++) {
            text.add(args.text(i));
        }
        return text.toString();
    }

    @Test
    void readsPipelinedCommandsHoweverTheyAreSplit() {
        assertThat(decode("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"))
                .containsExactly("SET|k|a\r\nbc", "GET|k");
    }

    @Test
    void aCommandThatIsYetToRunStaysAsItIsWhenMoreComes() throws Exception {
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), new ClientMemory(1 << 20));
        String first = "*2\r\n$4\r\nECHO\r\n$250\r\n" + "a".repeat(250) + "\r\n";
        decoder.feed(Unpooled.copiedBuffer(first, ISO_8859_1));
        assertThat(decoder.next()).isTrue();
        decoder.keep();
        decoder.feed(Unpooled.copiedBuffer(first.replace('a', 'b'), ISO_8859_1));
        assertThat(text(decoder.args())).isEqualTo("ECHO|" + "a".repeat(250));
        assertThat(decoder.next()).isTrue();
        assertThat(text(decoder.args())).isEqualTo("ECHO|" + "b".repeat(250));
        decoder.close();
    }

    @Test
    void readsInlineCommandsWithQuotes() {
        assertThat(decode("SET  k \"a b\\x41\\n\"\r\n\r\nGET 'it\\'s'\nPING\r\n"))
                .containsExactly("SET|k|a bA\n", "GET|it's", "PING");
    }

    @Test
    void ignoresEmptyAndNegativeMultibulks() {
        assertThat(decode("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n")).containsExactly("PING");
    }

    @Test
    void readsEmptyArguments() {
        assertThat(decode("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n")).containsExactly("ECHO|");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "*x\\r\\n; invalid multibulk length",
                "*65\\r\\n; invalid multibulk length",
                "*99999999999999999999\\r\\n; invalid multibulk length",
                "*1\\r\\n:4\\r\\n; expected '$', got ':'",
                "*1\\r\\n$-1\\r\\n; invalid bulk length",
                "*1\\r\\n$1025\\r\\n; invalid bulk length",
                "*1\\r\\n$4x\\r\\n; invalid bulk length",
                "SET \"a\\r\\n; unbalanced quotes in request",
                "SET \"a\"b\\r\\n; unbalanced quotes in request",
            })
    void refusesWhatIsMalformedInRedissWords(String input, String error) {
        String bytes = input.replace("\\r", "\r").replace("\\n", "\n");

        assertThat(decode("*1\r\n$4\r\nPING\r\n" + bytes))
                .containsExactly("PING", "! IllegalStateException: Protocol error: " + error);
    }

    @Test
    void refusesLinesThatDoNotEnd() {
        assertThat(decode("x".repeat(300))).last().asString().contains("too big inline request");
        assertThat(decode("*" + "1".repeat(300))).last().asString().contains("too big mbulk count string");
        assertThat(decode("*1\r\n$" + "1".repeat(300))).last().asString().contains("too big bulk count string");
    }

    @Test
    void refusesARequestOverItsLimitBeforeItIsHeld() {
        StringBuilder request = new StringBuilder("*6\r\n");
        for (int i = 0; i < 6; i++) {
            request.append("$1000\r\n").append("v".repeat(1000)).append("\r\n");
        }

        assertThat(decode(request.toString()))
                .containsExactly("! IllegalStateException: Protocol error: too big request");
    }

    @Test
    void givesItsMemoryBackOnceALargeRequestIsDone() throws ProtocolException {
        ClientMemory memory = new ClientMemory(1 << 20);
        RequestDecoder decoder =
                new RequestDecoder(new WireLimits(512 << 10, 64, 256, 768 << 10), new ReadBuffers(), memory);
        decoder.feed(ascii("*2\r\n$4\r\nECHO\r\n$200000\r\n"));
        for (int i = 0; i < 2; i++) {
            assertThat(decoder.next()).isFalse();
            decoder.feed(ascii("v".repeat(50_000)));
        }
        assertThat(memory.used()).isGreaterThan(100_000);
        decoder.feed(ascii("v".repeat(100_000) + "\r\n"));

        assertThat(decoder.next()).isTrue();
        assertThat(decoder.args().length(1)).isEqualTo(200_000);
        assertThat(decoder.next()).isFalse();
        assertThat(memory.used()).isZero();
        assertThat(decoder.held()).isZero();
    }

    @Test
    void unfinishedCommandsCountByWhatTheyHold() throws Exception {
        ClientMemory memory = new ClientMemory(1 << 20);
        ReadBuffers buffers = new ReadBuffers();
        byte[] loops = buffers.take();
        buffers.give(loops);
        List<RequestDecoder> decoders = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            RequestDecoder decoder = new RequestDecoder(LIMITS, buffers, memory);
            decoder.feed(ascii("*"));
            assertThat(decoder.next()).isFalse();
            decoders.add(decoder);
        }
        assertThat(memory.used()).isEqualTo(64_000);
        assertThat(buffers.take()).isSameAs(loops);
        buffers.give(loops);

        for (RequestDecoder decoder : decoders) {
            decoder.feed(ascii("2\r\n$4\r\nECHO\r\n$900\r\n" + "v".repeat(900)));
            assertThat(decoder.next()).isFalse();
            decoder.feed(ascii("\r\n"));
            assertThat(decoder.next()).isTrue();
            assertThat(text(decoder.args())).isEqualTo("ECHO|" + "v".repeat(900));
            assertThat(decoder.next()).isFalse();
        }
        assertThat(memory.used()).isZero();
        assertThat(buffers.take()).isSameAs(loops);
    }

    @Test
    void unfinishedCommandsEndAtTheLimit() throws Exception {
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), new ClientMemory(32));
        decoder.feed(ascii("*"));
        assertThatThrownBy(decoder::next).hasMessageContaining("too much memory in unfinished requests");
    }

    @Test
    void commandsThatWaitCountAndGoOn() throws Exception {
        ClientMemory memory = new ClientMemory(1 << 20);
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), memory);
        decoder.feed(ascii("PING a\r\nPING b\r\nPI"));
        assertThat(decoder.next()).isTrue();
        decoder.keep();
        assertThat(memory.used()).isEqualTo(ReadBuffers.SMALL);
        assertThat(text(decoder.args())).isEqualTo("PING|a");
        assertThat(decoder.next()).isTrue();
        assertThat(text(decoder.args())).isEqualTo("PING|b");
        assertThat(decoder.next()).isFalse();
        decoder.close();
        assertThat(memory.used()).isZero();
    }

    @Test
    void commandsOfSeveralConnectionsLieSideBySide() throws Exception {
        ClientMemory memory = new ClientMemory(1 << 20);
        ReadBuffers buffers = new ReadBuffers();
        for (int round = 0; round < 3; round++) {
            List<RequestDecoder> decoders = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                RequestDecoder decoder = new RequestDecoder(LIMITS, buffers, memory);
                assertThat(decoder.empty()).isTrue();
                String said = i + (i % 3 == 0 ? "v".repeat(600) : "");
                decoder.feed(ascii("*2\r\n$4\r\nECHO\r\n$" + said.length() + "\r\n" + said + "\r\nPI"));
                assertThat(decoder.empty()).isFalse();
                decoders.add(decoder);
            }
            for (int i = 0; i < decoders.size(); i++) {
                RequestDecoder decoder = decoders.get(i);
                assertThat(decoder.next()).isTrue();
                assertThat(text(decoder.args())).isEqualTo("ECHO|" + i + (i % 3 == 0 ? "v".repeat(600) : ""));
                assertThat(decoder.next()).isFalse();
                decoder.feed(ascii("NG\r\n" + "PING\r\n".repeat(round * 100)));
                for (int ping = 0; ping <= round * 100; ping++) {
                    assertThat(decoder.next()).isTrue();
                    assertThat(text(decoder.args())).isEqualTo("PING");
                }
                assertThat(decoder.next()).isFalse();
                assertThat(decoder.empty()).isTrue();
            }
            assertThat(memory.used()).isZero();
        }
    }

    @Test
    void refusesLargeCommandsOfClientsThatHaveYetToAuthenticate() {
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), new ClientMemory(1 << 20));
        decoder.restrict(true);

        assertThatThrownBy(() -> {
                    decoder.feed(ascii("*11\r\n"));
                    decoder.next();
                })
                .hasMessage("Protocol error: unauthenticated multibulk length");
    }

    private static ByteBuf ascii(String text) {
        return Unpooled.copiedBuffer(text, ISO_8859_1);
    }

    /** Keeps what it is given, up to a limit. */
    private static final class Kept implements LongArgument {
        private final StringBuilder text = new StringBuilder();
        private final int most;
        private boolean released;

        Kept(int most) {
            this.most = most;
        }

        @Override
        public boolean add(ByteBuf from, int count) {
            byte[] bytes = new byte[count];
            from.readBytes(bytes);
            return add(bytes, 0, count);
        }

        @Override
        public boolean add(byte[] from, int offset, int count) {
            text.append(new String(from, offset, count, ISO_8859_1));
            return text.length() <= most;
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public byte[] part(int from, int count) {
            return text.substring(from, from + count).getBytes(ISO_8859_1);
        }

        @Override
        public void release() {
            released = true;
        }
    }

    /** However the bytes come: what is long goes elsewhere, and what stands around it is where it was. */
    @ParameterizedTest
    @ValueSource(ints = {1 << 22, 65_536, 9_999, 1_048_577})
    void longArgumentsGoElsewhere(int piece) throws Exception {
        String value = "v".repeat(LongArguments.LONG - 1) + "w";
        String command = "*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + value.length() + "\r\n" + value + "\r\n$2\r\nNX\r\n";
        String all = "PING\r\n" + command + command + "*1\r\n$4\r\nPING\r\n";
        Kept[] kept = {new Kept(1 << 30), new Kept(1000)};
        int[] given = {0};
        ClientMemory memory = new ClientMemory(1 << 24);
        RequestDecoder decoder = new RequestDecoder(
                new WireLimits(1 << 22, 64, 256, 1 << 22), new ReadBuffers(), memory, (before, length) -> {
                    assertThat(before.text(1)).isEqualTo("k");
                    assertThat(length).isEqualTo(value.length());
                    return kept[given[0]++];
                });
        List<String> commands = new ArrayList<>();
        for (int at = 0; at < all.length(); at += piece) {
            decoder.feed(ascii(all.substring(at, Math.min(all.length(), at + piece))));
            while (decoder.next()) {
                Args args = decoder.args();
                if (decoder.refused()) {
                    commands.add("refused");
                } else if (args.count() == 4) {
                    assertThat(args.longAt(2)).isSameAs(kept[0]);
                    assertThat(args.length(2)).isEqualTo(value.length());
                    assertThat(args.total()).isEqualTo(6);
                    commands.add(args.text(0) + " " + args.text(1) + " " + args.text(3));
                } else {
                    commands.add(args.text(0));
                }
            }
        }
        assertThat(commands).containsExactly("PING", "SET k NX", "refused", "PING");
        assertThat(kept[0].text.toString().equals(value)).isTrue();
        assertThat(kept[0].released).isTrue();
        assertThat(kept[1].released).isTrue();
        assertThat(memory.used()).isZero();
    }

    /** Whoever runs a command copies what is long in it: there has to be memory for that, too, until the next one. */
    @Test
    void aLongArgumentTakesMemoryForItsCopies() throws Exception {
        ClientMemory memory = new ClientMemory(5 << 20);
        RequestDecoder decoder =
                new RequestDecoder(new WireLimits(1 << 23, 64, 256, 1 << 23), new ReadBuffers(), memory);
        StringBuilder all = new StringBuilder();
        for (int length : new int[] {LongArguments.LONG, 2 * LongArguments.LONG}) {
            all.append("*3\r\n$5\r\nLPUSH\r\n$1\r\nk\r\n$").append(length).append("\r\n");
            all.append("v".repeat(length)).append("\r\n");
        }
        all.append("PING\r\n");
        List<String> commands = new ArrayList<>();
        for (int at = 0; at < all.length(); at += 50_000) {
            decoder.feed(ascii(all.substring(at, Math.min(all.length(), at + 50_000))));
            while (decoder.next()) {
                commands.add(decoder.refused() ? "refused" : decoder.args().text(0));
            }
        }
        assertThat(commands).containsExactly("LPUSH", "refused", "PING");
        assertThat(memory.used()).isZero();
    }

    /** Where one goes is asked for behind the name alone: before it there is what an earlier command left. */
    @Test
    void aLongNameStaysWhereNamesAre() throws Exception {
        String name = "n".repeat(LongArguments.LONG);
        RequestDecoder decoder = new RequestDecoder(
                new WireLimits(1 << 22, 64, 65_536, 1 << 22),
                new ReadBuffers(),
                new ClientMemory(1 << 24),
                (before, length) -> {
                    assertThat(before.count()).isPositive();
                    return null;
                });
        decoder.feed(ascii(" ".repeat(60_000) + "MSET a b\r\n"));
        assertThat(decoder.next()).isTrue();
        assertThat(decoder.next()).isFalse();
        for (String part : new String[] {"*1\r\n$" + name.length() + "\r\n", name + "\r\n"}) {
            decoder.feed(ascii(part));
        }
        assertThat(decoder.next()).isTrue();
        assertThat(decoder.args().text(0)).isEqualTo(name);
    }

    /** While its commands wait, more comes than there is memory for: where the argument ends lies behind by then. */
    @Test
    void whatCameBehindAnArgumentIsNotForgottenWithIt() throws Exception {
        RequestDecoder decoder = new RequestDecoder(
                new WireLimits(1 << 22, 64, 256, 1 << 22), new ReadBuffers(), new ClientMemory(200_000));
        decoder.feed(ascii("*2\r\n$4\r\nECHO\r\n$100\r\nv"));
        assertThat(decoder.next()).isFalse();
        decoder.keep();
        decoder.feed(ascii("v".repeat(99) + "\r\nPING\r\n"));
        decoder.keep();
        assertThatThrownBy(() -> decoder.feed(ascii("p".repeat(300_000))))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("too much memory in unfinished requests");
    }

    /** What the command began with tells where its key lies, however much of it is forgotten. */
    @ParameterizedTest
    @ValueSource(ints = {65_536, 9_999, 1_000})
    void whatARefusedCommandBeganWithIsKept(int piece) throws Exception {
        ClientMemory memory = new ClientMemory(1 << 20);
        RequestDecoder decoder =
                new RequestDecoder(new WireLimits(1 << 22, 1 << 20, 256, 1 << 22), new ReadBuffers(), memory);
        String all = "*50004\r\n$4\r\nMSET\r\n$1\r\nk\r\n$" + LongArguments.LONG + "\r\n"
                + "v".repeat(LongArguments.LONG) + "\r\n$0\r\n\r\n" + "$3\r\nkey\r\n".repeat(50_000) + "PING\r\n";
        List<String> commands = new ArrayList<>();
        for (int at = 0; at < all.length(); at += piece) {
            decoder.feed(ascii(all.substring(at, Math.min(all.length(), at + piece))));
            while (decoder.next()) {
                Args args = decoder.args();
                commands.add(decoder.refused() ? args.count() + " " + args.text(0) + " " + args.text(1) : args.text(0));
            }
        }
        assertThat(commands).containsExactly("2 MSET k", "PING");
        assertThat(memory.used()).isZero();
    }

    /** What clients together have no memory for is read and forgotten; what comes behind it is not. */
    @Test
    void aLongArgumentThatThereIsNoMemoryForIsForgotten() throws Exception {
        ClientMemory memory = new ClientMemory(400_000);
        RequestDecoder decoder =
                new RequestDecoder(new WireLimits(1 << 22, 64, 256, 1 << 22), new ReadBuffers(), memory);
        String all = "*3\r\n$5\r\nLPUSH\r\n$1\r\nk\r\n$900000\r\n" + "v".repeat(900_000) + "\r\nPING\r\n";
        List<String> commands = new ArrayList<>();
        for (int at = 0; at < all.length(); at += 50_000) {
            decoder.feed(ascii(all.substring(at, Math.min(all.length(), at + 50_000))));
            while (decoder.next()) {
                commands.add(decoder.refused() ? "refused" : decoder.args().text(0));
            }
            assertThat(memory.used()).isLessThanOrEqualTo(400_000);
        }
        assertThat(commands).containsExactly("refused", "PING");
        assertThat(memory.used()).isZero();
    }
}
