package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.plinth.lbproxy.route.Answer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The answers the proxy gives itself: mostly a status and one line of text. Owned by one event loop. */
final class ErrorPage {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);
    private static final int HEAD_SIZE = 256;

    private final Clock clock;
    private long dateSecond = -1;
    private String date = "";

    ErrorPage(Clock clock) {
        this.clock = clock;
    }

    ByteBuf render(ByteBufAllocator allocator, Answer answer, boolean close, boolean withBody) {
        HttpResponseStatus line = HttpResponseStatus.valueOf(answer.status());
        byte[] body = answer.body();
        if (body == null) {
            String text = line.code() + " " + line.reasonPhrase() + ": " + answer.why() + "\n";
            body = text.getBytes(StandardCharsets.UTF_8);
        }
        boolean bodyless = answer.status() == 204 || answer.status() == 304;
        ByteBuf out = allocator.directBuffer(HEAD_SIZE + body.length);
        ByteBufUtil.writeAscii(out, "HTTP/1.1 " + line.code() + " " + line.reasonPhrase() + "\r\nDate: " + date());
        if (answer.location() != null) {
            ByteBufUtil.writeAscii(out, "\r\nLocation: ");
            out.writeCharSequence(answer.location(), StandardCharsets.ISO_8859_1);
        }
        if (answer.retryAfter() > 0) {
            ByteBufUtil.writeAscii(out, "\r\nRetry-After: " + answer.retryAfter());
        }
        if (!bodyless) {
            ByteBufUtil.writeAscii(out, "\r\nContent-Type: " + answer.type() + "\r\nContent-Length: " + body.length);
        }
        ByteBufUtil.writeAscii(out, close ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
        return withBody && !bodyless ? out.writeBytes(body) : out;
    }

    private String date() {
        long second = clock.millis() / 1_000;
        if (second != dateSecond) {
            dateSecond = second;
            date = DATE.format(clock.instant());
        }
        return date;
    }
}
