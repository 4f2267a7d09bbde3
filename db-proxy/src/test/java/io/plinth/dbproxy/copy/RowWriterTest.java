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
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RowWriterTest {
    private static RowWriter writer(Format format, char delimiter, String none, String... quoted) {
        return new RowWriter(new ShardedCopy(
                new ShardedTable("orders", "user_id", KeyType.BIGINT),
                false,
                List.of(),
                format,
                (byte) delimiter,
                (byte) '"',
                (byte) '\\',
                true,
                none,
                null,
                List.of(quoted)));
    }

    private static byte[] row(@Nullable String... cells) {
        ByteBuffer row = ByteBuffer.allocate(200).putShort((short) cells.length);
        for (String cell : cells) {
            byte[] bytes = cell == null ? new byte[0] : cell.getBytes(StandardCharsets.UTF_8);
            row.putInt(cell == null ? -1 : bytes.length).put(bytes);
        }
        return java.util.Arrays.copyOf(row.array(), row.position());
    }

    private static String text(byte @Nullable [] bytes) {
        return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void textEscapesWhatWouldEndAFieldOrALine() throws SqlException {
        RowWriter writer = writer(Format.TEXT, '|', "\\N");
        assertThat(writer.response(List.of("a|b", "c"))).containsExactly(0, 0, 2, 0, 0, 0, 0);
        assertThat(text(writer.head(List.of("a|b", "c")))).isEqualTo("a\\|b|c\n");
        assertThat(text(writer.row(row("x\ty\n|\\\b\f\r\u000b\u0001ä", null))))
                .isEqualTo("x\\ty\\n\\|\\\\\\b\\f\\r\\v\u0001ä|\\N\n");
        assertThat(text(writer.row(row("", "\\N")))).isEqualTo("|\\\\N\n");
        assertThat(writer.tail()).isNull();
    }

    @Test
    void csvQuotesWhatCouldBeMistaken() throws SqlException {
        RowWriter writer = writer(Format.CSV, ',', "nix", "c");
        writer.response(List.of("a", "b", "c"));
        assertThat(text(writer.head(List.of("a", "b,", "c")))).isEqualTo("a,\"b,\",c\n");
        assertThat(text(writer.row(row("plain", "a\"b\\", "x")))).isEqualTo("plain,\"a\\\"b\\\\\",\"x\"\n");
        assertThat(text(writer.row(row("nix", null, null)))).isEqualTo("\"nix\",nix,nix\n");
        assertThat(text(writer.row(row("\\.", "a\nb", "")))).isEqualTo("\\.,\"a\nb\",\"\"\n");
        RowWriter alone = writer(Format.CSV, ',', "", "*");
        alone.response(List.of("a"));
        assertThat(text(alone.row(row("5")))).isEqualTo("\"5\"\n");
        RowWriter dot = writer(Format.CSV, ',', "");
        dot.response(List.of("a"));
        assertThat(text(dot.row(row("\\.")))).isEqualTo("\"\\\\.\"\n");
        assertThatThrownBy(() -> writer.response(List.of("a"))).hasMessageContaining("\"c\" does not exist");
    }

    @Test
    void binaryRowsAreThoseOfTheProtocolBetweenHeaderAndTrailer() throws SqlException {
        RowWriter writer = writer(Format.BINARY, '\t', "");
        assertThat(writer.response(List.of("a"))).containsExactly(1, 0, 1, 0, 1);
        assertThat(writer.head(List.of("a"))).hasSize(19).startsWith('P', 'G', 'C', 'O', 'P', 'Y');
        assertThat(writer.row(row("x"))).isEqualTo(row("x"));
        assertThat(writer.tail()).containsExactly(-1, -1);
    }
}
