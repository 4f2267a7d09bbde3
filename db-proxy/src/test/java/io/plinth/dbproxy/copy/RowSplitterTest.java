package io.plinth.dbproxy.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.shard.ShardedCopy.Format;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowSplitterTest {
    private static final ShardedTable TABLE = new ShardedTable("t", "k", KeyType.TEXT);
    private static final List<String> COLUMNS = List.of("a", "k");

    private static ShardedCopy text() {
        return new ShardedCopy(
                TABLE,
                true,
                COLUMNS,
                Format.TEXT,
                (byte) '\t',
                (byte) '"',
                (byte) '"',
                false,
                "\\N",
                "dflt",
                List.of());
    }

    private static ShardedCopy csv(char quote, char escape, boolean header) {
        return new ShardedCopy(
                TABLE,
                true,
                COLUMNS,
                Format.CSV,
                (byte) ',',
                (byte) quote,
                (byte) escape,
                header,
                "nix",
                "dflt",
                List.of());
    }

    private static ShardedCopy binary() {
        return new ShardedCopy(
                TABLE, true, COLUMNS, Format.BINARY, (byte) 0, (byte) 0, (byte) 0, false, "", null, List.of());
    }

    /** Each row's key, or {@code *} for what every shard is sent; all bytes are handed on exactly once, in order. */
    private static List<String> keys(ShardedCopy copy, byte[] bytes, List<Integer> pieces, boolean drops)
            throws SqlException {
        List<String> keys = new ArrayList<>();
        StringBuilder handed = new StringBuilder();
        RowSplitter splitter = new RowSplitter(copy, COLUMNS, 1000);
        RowSplitter.Taker taker = (all, from, to, key) -> {
            keys.add(name(key));
            handed.append(new String(all, from, to - from, StandardCharsets.ISO_8859_1));
        };
        int at = 0;
        for (int piece : pieces) {
            int end = Math.min(bytes.length, at + piece);
            splitter.feed(ByteBuffer.wrap(bytes, at, end - at), taker);
            at = end;
        }
        splitter.feed(ByteBuffer.wrap(bytes, at, bytes.length - at), taker);
        splitter.finish(taker);
        if (!drops) {
            assertThat(handed.toString()).isEqualTo(new String(bytes, StandardCharsets.ISO_8859_1));
        }
        return keys;
    }

    private static String name(@Nullable List<Object> key) {
        return key == null ? "*" : key.getFirst().toString();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void everywhere(ShardedCopy copy, byte[] bytes, boolean drops, String... expected)
            throws SqlException {
        assertThat(keys(copy, bytes, List.of(), drops)).containsExactly(expected);
        List<Integer> single = new ArrayList<>();
        for (int i = 0; i < bytes.length; i++) {
            single.add(1);
        }
        assertThat(keys(copy, bytes, single, drops)).containsExactly(expected);
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            List<Integer> pieces = new ArrayList<>();
            for (int left = bytes.length; left > 0; ) {
                int piece = 1 + random.nextInt(left);
                pieces.add(piece);
                left -= piece;
            }
            assertThat(keys(copy, bytes, pieces, drops)).as("seed %d", seed).containsExactly(expected);
        }
    }

    @Test
    void linesOfTextEndWherePostgresEndsThem() throws Exception {
        everywhere(text(), bytes("1\tx\\\ny\tz\n2\tä\\tb\\\\\n3\t\\x41\\101\\q"), false, "x\ny", "ä\tb\\", "AAq");
        everywhere(text(), bytes("1\ta\r\n2\tb\r\n"), false, "a", "b");
        everywhere(text(), bytes("1\ta\r2\tb\r3\tc"), false, "a", "b", "c");
        everywhere(text(), bytes("1\ta\n\\.\n2\tb\n"), true, "a");
        everywhere(text(), new byte[0], false);
    }

    @Test
    void quotedEndsOfLinesOfCsvAreData() throws Exception {
        everywhere(
                csv('"', '"', true),
                bytes("a,k\n1,\"x\n\"\"y\"\"\"\n2,pl\"ai\"n\n\"3\",\n"),
                false,
                "*",
                "x\n\"y\"",
                "plain",
                "");
        everywhere(csv('\'', '\\', false), bytes("1,'a\\'b\\\\'\n2,'c,\n'"), false, "a'b\\", "c,\n");
    }

    @Test
    void rowsOfBinaryFormAreCountedByTheirFields() throws Exception {
        ByteBuffer out = ByteBuffer.allocate(200);
        out.put(new byte[] {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0})
                .putInt(0)
                .putInt(3)
                .put(new byte[3]);
        for (String key : List.of("a", "größe")) {
            byte[] value = bytes(key);
            out.putShort((short) 2).putInt(-1).putInt(value.length).put(value);
        }
        out.putShort((short) -1);
        byte[] all = new byte[out.position()];
        out.rewind().get(all);
        everywhere(binary(), all, false, "*", "a", "größe", "*");
        byte[] cut = java.util.Arrays.copyOf(all, all.length - 4);
        assertThatThrownBy(() -> keys(binary(), cut, List.of(), true)).hasMessageContaining("unexpected EOF");
        all[0] = 'X';
        assertThatThrownBy(() -> keys(binary(), all, List.of(), true)).hasMessageContaining("signature");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | is missing or null",
                "1~\\N | is missing or null",
                "1~ab. | may cut off",
                "1~dflt | is missing or null"
            })
    void aRowWithoutAKeyIsRefused(String row, String why) {
        assertThatThrownBy(() -> keys(text(), bytes(row.replace('~', '\t').replace('.', ' ') + "\n"), List.of(), true))
                .isInstanceOf(SqlException.class)
                .hasMessageContaining(why);
        assertThatThrownBy(() -> keys(csv('"', '"', false), bytes("1,nix\n"), List.of(), true))
                .hasMessageContaining("is missing or null");
        assertThatThrownBy(() -> keys(csv('"', '"', false), bytes("1,dflt\n"), List.of(), true))
                .hasMessageContaining("is missing or null");
        assertThatThrownBy(() -> keys(csv('"', '"', false), bytes("1,\"nix\n"), List.of(), true))
                .hasMessageContaining("unterminated");
    }

    @Test
    void aRowWithoutEndIsBounded() {
        assertThatThrownBy(() -> keys(text(), new byte[2000], List.of(), true))
                .hasMessageContaining("more than 1000 bytes");
        byte[] huge = new byte[30];
        ByteBuffer.wrap(huge)
                .put(new byte[] {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0})
                .putInt(0)
                .putInt(0)
                .putShort((short) 1)
                .putInt(Integer.MAX_VALUE);
        assertThatThrownBy(() -> keys(binary(), huge, List.of(), true)).hasMessageContaining("invalid field size");
    }
}
