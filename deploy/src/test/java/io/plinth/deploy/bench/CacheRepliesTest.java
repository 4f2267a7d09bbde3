package io.plinth.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheRepliesTest {
    private static final String REDIS = "$5\r\nhello\r\n+OK\r\n:12\r\n$-1\r\n$0\r\n\r\n";
    private static final String MEMCACHED = "VALUE key 0 5\r\nEND\r\n\r\nEND\r\nEND\r\nSTORED\r\n";

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 1000})
    void countsRedisRepliesHoweverTheyAreSplit(int piece) {
        CacheReplies replies = new CacheReplies(false);
        assertThat(feed(replies, REDIS, piece)).isEqualTo(5);
        assertThat(replies.errors()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 1000})
    void countsMemcachedRepliesHoweverTheyAreSplit(int piece) {
        CacheReplies replies = new CacheReplies(true);
        assertThat(feed(replies, MEMCACHED, piece)).isEqualTo(3);
        assertThat(replies.errors()).isZero();
    }

    @Test
    void countsErrorsAsAnswers() {
        CacheReplies redis = new CacheReplies(false);
        assertThat(feed(redis, "-OOM no room\r\n+OK\r\n", 1000)).isEqualTo(2);
        assertThat(redis.errors()).isEqualTo(1);
        CacheReplies memcached = new CacheReplies(true);
        assertThat(feed(memcached, "SERVER_ERROR out of memory\r\n", 1000)).isEqualTo(1);
        assertThat(memcached.errors()).isEqualTo(1);
    }

    private static int feed(CacheReplies replies, String text, int piece) {
        ByteBuf all = Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
        int whole = 0;
        while (all.isReadable()) {
            whole += replies.read(all.readSlice(Math.min(piece, all.readableBytes())));
        }
        return whole;
    }
}
