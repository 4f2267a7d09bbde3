package io.plinth.lbproxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.Unpooled;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The formats, beside the table of fields in ARCHITECTURE.md. */
class AccessLogTest {
    private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\| (\\d*) ?\\| .*");
    private static final Pattern TOKEN = Pattern.compile("\\[[^]]*]|\"[^\"]*\"|\\S+");
    private static final long MILLIS = 1_795_580_167_000L;

    private final RequestHead head = new RequestHead();
    private final AccessEntry entry = new AccessEntry(head);

    /** A pipe that nobody reads is a disk that hangs. */
    @Test
    @Timeout(30)
    void whatHangsDoesNotKeepTheNodeFromEnding(@TempDir Path folder) throws Exception {
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        try (RandomAccessFile open = new RandomAccessFile(pipe.toFile(), "rw")) {
            AccessLog log = new AccessLog(pipe, AccessFormat.Kind.COMMON, 1, "lb", Clock.systemUTC());
            log.start();
            while (log.dropped() == 0) {
                log.offer(new byte[1 << 20], 1);
            }
            log.close();
            assertThat(log.dropped()).isPositive();
            assertThat(open.getChannel().isOpen()).isTrue();
        }
    }

    /** Field names, and their place in the combined format or 0, as documented. */
    private static Map<String, Integer> documented() throws IOException {
        String text = Files.readString(Path.of("ARCHITECTURE.md"));
        int from = text.indexOf("| JSON | combined |");
        Map<String, Integer> fields = new LinkedHashMap<>();
        for (String line : text.substring(from, text.indexOf("\n\n", from)).split("\n", -1)) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                fields.put(row.group(1), row.group(2).isEmpty() ? 0 : Integer.parseInt(row.group(2)));
            }
        }
        return fields;
    }

    private String line(AccessFormat.Kind format) {
        LogLines out = new LogLines(16);
        format.create().write(entry, MILLIS, out);
        return new String(out.take(), StandardCharsets.UTF_8);
    }

    private Map<String, String> json() throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(line(AccessFormat.Kind.JSON))) {
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                fields.put(name, parser.getText());
            }
        }
        return fields;
    }

    private List<String> tokens(AccessFormat.Kind format) {
        String line = line(format);
        assertThat(line).endsWith("\n").doesNotContain("\n\n");
        List<String> tokens = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(line);
        while (matcher.find()) {
            tokens.add(matcher.group());
        }
        return tokens;
    }

    private void request(String text) {
        HeadParser parser = new HeadParser(new Http1Limits(8192, 32768, 100, 256, 8192), head);
        parser.begin(head);
        assertThat(parser.parse(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1)))
                .isEqualTo(HeadParser.Outcome.DONE);
        entry.begin(1_000_000);
        entry.client("192.0.2.7");
    }

    @Test
    void everyFieldIsDocumentedAndEveryDocumentedFieldWritten() throws IOException {
        request("GET /cart?id=1 HTTP/1.1\r\nHost: shop.example\r\nReferer: http://a/\r\nUser-Agent: curl/8.5\r\n"
                + "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
        entry.routed("all", "web");
        entry.tried(new String("web-1"));
        entry.sent(2_000_000);
        entry.hedged();
        entry.firstByte(5_000_000);
        entry.end(9_000_000, 206, 4711);
        Map<String, Integer> documented = documented();
        Map<String, String> json = json();
        assertThat(json.keySet()).containsExactlyElementsOf(documented.keySet());
        assertThat(json)
                .containsEntry("time", "2026-11-25T04:16:07Z")
                .containsEntry("attempts", "2")
                .containsEntry("micros", "8000")
                .containsEntry("server_micros", "3000");
        List<String> combined = tokens(AccessFormat.Kind.COMBINED);
        documented.forEach((name, place) -> {
            if (place > 0 && !name.equals("time")) {
                assertThat(combined.get(place - 1)).as(name).contains(json.get(name));
            }
        });
        assertThat(combined.get(documented.getOrDefault("time", 0) - 1)).isEqualTo("[25/Nov/2026:04:16:07 +0000]");
        assertThat(combined)
                .hasSize(documented.values().stream()
                        .mapToInt(Integer::intValue)
                        .max()
                        .orElseThrow());
        assertThat(combined.get(4)).isEqualTo("\"GET /cart?id=1 HTTP/1.1\"");
        assertThat(combined.get(10)).isEqualTo("web/web-1");
        assertThat(tokens(AccessFormat.Kind.COMMON)).isEqualTo(combined.subList(0, 7));
    }

    @Test
    void whatIsMissingIsADashOrLeftOut() throws IOException {
        request("GET / HTTP/1.0\r\n\r\n");
        entry.end(1_000_000, 404, 0);
        assertThat(tokens(AccessFormat.Kind.COMBINED).subList(7, 11)).containsExactly("\"-\"", "\"-\"", "-", "-/-");
        assertThat(json())
                .doesNotContainKeys("host", "route", "pool", "server", "referer", "user_agent", "traceparent");
    }
}
