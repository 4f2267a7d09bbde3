package io.plinth.dbproxy.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class TagReaderTest {
    private final TagReader tags = new TagReader();

    @Test
    void everyTagIsReadAsItIsWhateverCameBefore() throws SqlException {
        String[] all = {
            "SELECT 1", "SELECT 1", "SELECT 12", "SELECT 1", "SELECT 2", "INSERT 0 1", "COMMIT", "", "COMMIT"
        };
        for (String before : all) {
            for (String tag : all) {
                tags.read(body(before));
                ByteBuf body = body(tag);
                assertThat(tags.read(body)).isEqualTo(tag);
                assertThat(body.isReadable()).isFalse();
            }
        }
    }

    @Test
    void theSameTagIsNotDecodedAgain() throws SqlException {
        assertThat(tags.read(body("SELECT 1"))).isSameAs(tags.read(body("SELECT 1")));
    }

    @Test
    void aTagWithoutItsEndIsRefused() throws SqlException {
        tags.read(body("SELECT 1"));
        assertThatThrownBy(() -> tags.read(Unpooled.copiedBuffer("SELECT 12", StandardCharsets.US_ASCII)))
                .isInstanceOf(SqlException.class);
    }

    private static ByteBuf body(String tag) {
        // As in a frame's slice: the body does not begin at 0.
        return Unpooled.copiedBuffer("xxxxx" + tag + "\0", StandardCharsets.US_ASCII)
                .skipBytes(5);
    }
}
