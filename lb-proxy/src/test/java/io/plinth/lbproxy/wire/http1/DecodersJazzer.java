package io.plinth.lbproxy.wire.http1;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;

/**
 * What Jazzer finds by coverage, in the profile {@code jazzer}: HTTP/1.1's decoders never throw, and read the same whether their
 * bytes come whole or in two parts. Why something is refused may depend on the parts, when there are two reasons: a line too long
 * with a wrong byte beyond its limit.
 */
class DecodersJazzer {
    @FuzzTest(maxDuration = "3m")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void requestsAndResponses(FuzzedDataProvider data) {
        boolean request = data.consumeBoolean();
        int split = data.consumeInt(0, 400);
        byte[] bytes = data.consumeRemainingAsBytes();
        List<Object> whole = request ? requests(bytes, bytes.length) : responses(bytes, bytes.length);
        List<Object> parts = request ? requests(bytes, split) : responses(bytes, split);
        if (!whole.equals(parts)) {
            throw new IllegalStateException("in two parts: " + parts + " (expected: " + whole + ")");
        }
    }

    private static final Set<String> REASONS =
            Arrays.stream(Rejection.values()).map(Rejection::name).collect(Collectors.toSet());

    private static Object seen(Object what) {
        return REASONS.contains(what.toString()) ? "refused" : what;
    }

    private static List<ByteBuf> split(byte[] bytes, int at) {
        int end = Math.min(at, bytes.length);
        return List.of(Unpooled.wrappedBuffer(bytes, 0, end), Unpooled.wrappedBuffer(bytes, end, bytes.length - end));
    }

    private static List<Object> requests(byte[] bytes, int at) {
        List<Object> seen = new ArrayList<>();
        RequestReading reading = new RequestReading(what -> seen.add(seen(what)));
        split(bytes, at).forEach(reading);
        return seen;
    }

    private static List<Object> responses(byte[] bytes, int at) {
        List<Object> seen = new ArrayList<>();
        ResponseHead head = new ResponseHead();
        HeadParser parser = new HeadParser(RequestReading.LIMITS, head);
        Framing framing = new Framing();
        @Nullable BodyDecoder body = null;
        for (ByteBuf in : split(bytes, at)) {
            while (in.isReadable()) {
                if (body == null) {
                    HeadParser.Outcome outcome = parser.parse(in);
                    if (outcome == HeadParser.Outcome.REJECTED) {
                        seen.add("refused");
                        return seen;
                    }
                    if (outcome == HeadParser.Outcome.DONE) {
                        Rejection wrong = framing.response(head, false);
                        seen.add(head.status() + " " + (wrong == null) + " " + framing.body());
                        body = new BodyDecoder(RequestReading.LIMITS, 0);
                        body.begin(framing, true);
                    }
                } else {
                    int count = body.done() ? BodyDecoder.REJECTED : body.next(in);
                    if (count == BodyDecoder.REJECTED) {
                        seen.add(body.done() ? "surplus" : "refused");
                        return seen;
                    }
                    in.skipBytes(count);
                }
            }
        }
        return seen;
    }
}
