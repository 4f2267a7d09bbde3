package io.plinth.geodns.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.util.NetUtil;
import io.plinth.geodns.answer.QuerySamples;
import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.wire.Response;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes samples from every loop into a queue, which the control thread writes out; what the queue does not hold is lost. */
public final class QueryLog implements QuerySamples {
    private static final Logger LOG = LoggerFactory.getLogger(QueryLog.class);
    private static final int WAITING = 10_000;

    private final int every;
    private final Path file;
    private final Clock clock;
    private final BlockingQueue<Sample> waiting = new ArrayBlockingQueue<>(WAITING);

    private record Sample(
            Instant time, String from, String name, String type, String code, int scope, boolean stream) {}

    /** A log of every {@code every}-th query, one JSON object a line. */
    public QueryLog(int every, Path file, Clock clock) {
        this.every = every;
        this.file = file;
        this.clock = clock;
    }

    @Override
    public int every() {
        return every;
    }

    @Override
    public void take(Query query, byte[] source, Response response, boolean stream) {
        boolean taken = waiting.offer(new Sample(
                clock.instant(),
                NetUtil.bytesToIpAddress(source),
                query.toName().toString(),
                RecordType.name(query.type()),
                response.code().name(),
                response.scope(),
                stream));
        if (!taken) {
            LOG.debug("query log - {} waiting, one lost", WAITING);
        }
    }

    /** Writes what waits; on the control thread. */
    public void write() {
        List<Sample> samples = new ArrayList<>();
        waiting.drainTo(samples);
        if (samples.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder();
        try {
            for (Sample sample : samples) {
                text.append(line(sample)).append('\n');
            }
            Files.writeString(file, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            LOG.warn("query log {}: {} lines lost: {}", file, samples.size(), e.toString());
        }
    }

    private static String line(Sample sample) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("time", sample.time().toString());
            json.writeStringField("from", sample.from());
            json.writeStringField("name", sample.name());
            json.writeStringField("type", sample.type());
            json.writeStringField("rcode", sample.code());
            json.writeNumberField("scope", sample.scope());
            json.writeStringField("transport", sample.stream() ? "tcp" : "udp");
            json.writeEndObject();
        }
        return text.toString();
    }
}
