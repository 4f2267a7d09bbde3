package io.plinth.lbproxy.wire.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our HPACK against Netty's, over connections of many blocks with tables that fill and evict. */
class HpackTest {
    private static final String[] NAMES = {
        "accept",
        "cache-control",
        "x-a",
        "x-request-id",
        "etag",
        "content-type",
        "authorization",
        "set-cookie",
        "x-long-name"
    };

    private static List<String> fields(SplittableRandom random) {
        List<String> fields = new ArrayList<>();
        for (int i = random.nextInt(12); i >= 0; i--) {
            String value = random.nextBoolean()
                    ? "v" + random.nextInt(4)
                    : random.ints(random.nextInt(60), 0x21, 0x7f)
                            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                            .toString();
            fields.add(NAMES[random.nextInt(NAMES.length)] + "=" + value);
        }
        return fields;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whatNettyEncodesWeDecode(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
        HpackDecoder decoder = new HpackDecoder(4096, 1 << 20, 1000);
        for (int block = 0; block < 300; block++) {
            List<String> sent = fields(random);
            ByteBuf bytes = Unpooled.buffer();
            for (String field : sent) {
                int at = field.indexOf('=');
                Http2Headers one = new DefaultHttp2Headers(false).add(field.substring(0, at), field.substring(at + 1));
                encoder.encodeHeaders(1, one, bytes);
            }
            List<String> got = new ArrayList<>();
            byte[] in = ByteBufUtil.getBytes(bytes);
            decoder.decode(
                    in,
                    0,
                    in.length,
                    (name, nameFrom, nameTo, value, from, to) ->
                            got.add(text(name, nameFrom, nameTo) + "=" + text(value, from, to)));
            assertThat(got).as("seed " + seed + " block " + block).isEqualTo(sent);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
    void whatWeEncodeNettyDecodes(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        HpackEncoder encoder = new HpackEncoder(4096);
        DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
        for (int block = 0; block < 300; block++) {
            List<String> sent = fields(random);
            if (random.nextInt(20) == 0) {
                encoder.tableSize(random.nextInt(4096));
            }
            encoder.begin();
            Http2Headers expected = new DefaultHttp2Headers(false);
            for (String field : sent) {
                int at = field.indexOf('=');
                String name = field.substring(0, at);
                String value = field.substring(at + 1);
                encoder.field(bytes(name), bytes(value));
                expected.add(name, value);
            }
            Http2Headers got = decoder.decodeHeaders(1, Unpooled.wrappedBuffer(encoder.block(), 0, encoder.length()));
            assertThat(got).as("seed " + seed + " block " + block).isEqualTo(expected);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.US_ASCII);
    }
}
