package io.plinth.kvcache.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeysAheadTest {
    private static final WireLimits LIMITS = new WireLimits(1024, 64, 256, 4096);

    private static List<String> look(String input) {
        byte[] bytes = input.getBytes(ISO_8859_1);
        KeysAhead keys = new KeysAhead();
        // Behind what was received stands what was received before.
        byte[] array = (input + "\r\n$3\r\n*2\r\n").getBytes(ISO_8859_1);
        keys.look(array, 0, bytes.length);
        return keys(keys);
    }

    private static List<String> keys(KeysAhead keys) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < keys.count(); i++) {
            names.add(new String(keys.buffer(), keys.offset(i), keys.length(i), ISO_8859_1));
        }
        return names;
    }

    @Test
    void findsTheFirstArgumentOfEachCommand() {
        assertThat(look("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*3\r\n$3\r\nset\r\n$3\r\na\r\n\r\n$5\r\n*2\r\n$\r\n"
                        + "*4\r\n$4\r\nHSET\r\n$0\r\n\r\n$1\r\nf\r\n$1\r\nv\r\n"))
                .containsExactly("k", "a\r\n", "");
    }

    @Test
    void looksAtSoManyAtOnce() {
        assertThat(look("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(40))).hasSize(KeysAhead.MOST);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET b\r\n",
                "*1\r\n$4\r\nPING\r\n",
                "*12\r\n",
                "*-1\r\n",
                "*0\r\n",
                "*2\r\n$-1\r\n",
                "*2\r\n$3\r\nGET\r\n$-1\r\n",
                "*2\r\n$3\r\nGET\r\n$\r\nb\r\n",
                "*2\r\n$3\r\nGET\r\n$1234567\r\nb\r\n",
                "*2\r\n$3\r\nGET\r\n$999999\r\nb\r\n",
                "*2\r\n$3\r\nGET\r\n$1x\r\nb\r\n",
                "*2\r\n$3\r\nGET\r\n:1\r\n",
                "*2x$3\r\nGET\r\n$1\r\nb\r\n",
                "*2\r\n$9\r\nGET\r\n"
            })
    void stopsAtWhatIsUnusual(String then) {
        String plain = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";

        assertThat(look(plain + then + plain)).containsExactly("a");
    }

    @Test
    void neverLooksBehindWhatWasReceived() {
        String commands = "*2\r\n$3\r\nGET\r\n$3\r\nabc\r\n*3\r\n$3\r\nSET\r\n$3\r\nabc\r\n$3\r\nxyz\r\n";
        for (int end = 0; end <= commands.length(); end++) {
            List<String> keys = look(commands.substring(0, end));
            assertThat(keys).allMatch("abc"::equals).hasSizeLessThanOrEqualTo(2);
        }
    }

    @Test
    void readsAnythingWithoutHarm() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        byte[] letters = "*$\r\n0123456789-GETk".getBytes(ISO_8859_1);
        KeysAhead keys = new KeysAhead();
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(64)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = letters[random.nextInt(letters.length)];
            }
            int end = random.nextInt(bytes.length + 1);
            keys.look(bytes, random.nextInt(end + 1), end);
            for (int i = 0; i < keys.count(); i++) {
                assertThat(keys.offset(i) + keys.length(i)).as("seed %d", seed).isLessThanOrEqualTo(end);
            }
        }
    }

    @Test
    void leavesTheDecoderWhereItIs() throws ProtocolException {
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), new ClientMemory(1 << 20));
        KeysAhead keys = new KeysAhead();
        assertThat(decoder.look(keys)).isZero();
        decoder.feed(Unpooled.copiedBuffer(
                "PING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n", ISO_8859_1));

        assertThat(decoder.look(keys)).isZero();
        assertThat(decoder.next()).isTrue();
        assertThat(decoder.look(keys)).isEqualTo(2);
        assertThat(keys(keys)).containsExactly("a", "b");
        assertThat(decoder.next()).isTrue();
        assertThat(RequestDecoderTest.text(decoder.args())).isEqualTo("GET|a");
        assertThat(decoder.look(keys)).isEqualTo(1);
        assertThat(decoder.next()).isTrue();
        assertThat(RequestDecoderTest.text(decoder.args())).isEqualTo("GET|b");
        assertThat(decoder.next()).isFalse();
        assertThat(decoder.look(keys)).isZero();
    }

    @Test
    void doesNotLookWithinACommand() throws ProtocolException {
        RequestDecoder decoder = new RequestDecoder(LIMITS, new ReadBuffers(), new ClientMemory(1 << 20));
        decoder.feed(Unpooled.copiedBuffer("*3\r\n$3\r\nSET\r\n$1\r\n", ISO_8859_1));
        assertThat(decoder.next()).isFalse();
        decoder.feed(Unpooled.copiedBuffer("*\r\n$1\r\nv\r\n", ISO_8859_1));

        assertThat(decoder.look(new KeysAhead())).isZero();
        assertThat(decoder.next()).isTrue();
        assertThat(RequestDecoderTest.text(decoder.args())).isEqualTo("SET|*|v");
    }
}
