package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long after its time a key goes, seen by a subscriber of the event. As it stands it only shows that every key goes, none
 * before its time; {@code -Dexpiry.keys=1000000} prints the histogram for as many keys that go within a hundred seconds and holds
 * it to 100 ms.
 */
@Timeout(400)
class ExpiryLagIT {
    private static final int KEYS = Integer.getInteger("expiry.keys", 5_000);
    private static final boolean MEASURED = Integer.getInteger("expiry.keys") != null;
    private static final int PIPELINE = 1_000;
    private static final int SPREAD_MILLIS = MEASURED ? 100_000 : 500;
    /** From when a part of them is written until its first goes: one set after its time is removed at once, without the event. */
    private static final int AHEAD_MILLIS = MEASURED ? 60_000 : 3_000;

    private static final int STEP_MILLIS = 10;
    /** Of Unix milliseconds, until 2286. */
    private static final int DEADLINE_DIGITS = 13;

    @Test
    void everyKeyGoesSoonAfterItsTimeAndNoneBefore(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 512MiB", 1);
                RawClient writer = new RawClient(node.port(0));
                RawClient listener = new RawClient(node.port(0))) {
            writer.call("CONFIG", "SET", "notify-keyspace-events", "Ex");
            listener.socket().setSoTimeout(2 * AHEAD_MILLIS + SPREAD_MILLIS);
            listener.call("SUBSCRIBE", "__keyevent@0__:expired");
            InputStream events = listener.socket().getInputStream();
            // Before all is written the first may go.
            CompletableFuture<long[]> seen = CompletableFuture.supplyAsync(() -> lags(events));
            write(writer);
            long[] lags = seen.get();
            assertThat(writer.call("DBSIZE")).isEqualTo(":0\r\n");
            Arrays.sort(lags);
            assertThat(lags[0]).isNotNegative();
            if (MEASURED) {
                print(lags);
                assertThat(lags[KEYS - 1]).as("worst lag in ms").isLessThanOrEqualTo(100);
            }
        }
    }

    /** Reads the messages as fast as they come: what a slow subscriber has not read yet is not late. */
    private static long[] lags(InputStream in) {
        try {
            return read(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long[] read(InputStream in) throws IOException {
        long[] lags = new long[KEYS];
        byte[] buffer = new byte[1 << 18];
        int length = 0;
        for (int seen = 0; seen < KEYS; ) {
            int more = in.read(buffer, length, buffer.length - length);
            assertThat(more).as("the connection after %d messages", seen).isPositive();
            length += more;
            long now = System.currentTimeMillis();
            int from = 0;
            for (int at = 0; at + DEADLINE_DIGITS + 2 < length; at++) {
                if (buffer[at] == 'k' && buffer[at + 1] == ':') {
                    long deadline = 0;
                    for (int i = at + 2; i < at + 2 + DEADLINE_DIGITS; i++) {
                        deadline = deadline * 10 + buffer[i] - '0';
                    }
                    lags[seen++] = now - deadline;
                    at += DEADLINE_DIGITS + 1;
                    from = at + 1;
                }
            }
            from = Math.max(from, length - DEADLINE_DIGITS - 2);
            System.arraycopy(buffer, from, buffer, 0, length - from);
            length -= from;
        }
        return lags;
    }

    private static void write(RawClient writer) throws Exception {
        SplittableRandom random = new SplittableRandom(1);
        StringBuilder commands = new StringBuilder();
        for (int i = 0; i < KEYS; i += PIPELINE) {
            commands.setLength(0);
            long first = System.currentTimeMillis() + AHEAD_MILLIS;
            for (int k = i; k < i + PIPELINE; k++) {
                String deadline = Long.toString(first + random.nextInt(SPREAD_MILLIS));
                String key = "k:" + deadline + ":" + k;
                commands.append("*5\r\n$3\r\nSET\r\n$")
                        .append(key.length())
                        .append("\r\n")
                        .append(key);
                commands.append("\r\n$1\r\nv\r\n$4\r\nPXAT\r\n$")
                        .append(deadline.length())
                        .append("\r\n");
                commands.append(deadline).append("\r\n");
            }
            writer.send(commands.toString());
            for (int k = 0; k < PIPELINE; k++) {
                assertThat(writer.reply()).isEqualTo("+OK\r\n");
            }
        }
    }

    private static void print(long[] sorted) {
        StringBuilder text = new StringBuilder("lag in ms of " + sorted.length + " keys\n");
        for (int at = 0, step = 0; at < sorted.length; step++) {
            int from = at;
            while (at < sorted.length && sorted[at] < (step + 1L) * STEP_MILLIS) {
                at++;
            }
            text.append(String.format("%4d..%-4d %8d%n", step * STEP_MILLIS, (step + 1) * STEP_MILLIS, at - from));
        }
        for (double percent : new double[] {50, 99, 99.9, 100}) {
            long lag = sorted[(int) Math.min(sorted.length - 1, sorted.length * percent / 100)];
            text.append(String.format("p%s %d ms%n", percent, lag));
        }
        System.out.println(text);
    }
}
