package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Connection;
import io.plinth.mqbroker.wire.ExchangeMethod;
import io.plinth.mqbroker.wire.FieldTable;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client declares faster than a disk syncs, each time with as much as a table may have: what waits is no more than its window. */
@Timeout(180)
class DeclareFloodIT {
    private static final int CHANNELS = 60;
    private static final int ROUNDS = 60;

    @Test
    void whatWaitsForItsSyncFitsTheWindow(@TempDir Path folder) throws Exception {
        FieldTable large = new FieldTable(Map.of("unknown", "x".repeat(100_000)));
        try (BrokerProcess broker = new BrokerProcess(folder, "{}", "-Xmx128m", "-XX:+ExitOnOutOfMemoryError")) {
            broker.start();
            broker.connect().close();
            try (RawClient client = new RawClient(broker.port())) {
                for (int channel = 2; channel <= CHANNELS; channel++) {
                    client.open(channel);
                }
                CompletableFuture<Void> answers = CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < 2 * CHANNELS * ROUNDS; i++) {
                        assertThat(read(client))
                                .isInstanceOfAny(ExchangeMethod.DeclareOk.class, ExchangeMethod.DeleteOk.class);
                    }
                });
                for (int i = 0; i < CHANNELS * ROUNDS; i++) {
                    String name = "x" + i;
                    client.send(
                            1 + i % CHANNELS,
                            List.of(
                                    new ExchangeMethod.Declare(
                                            0, name, "direct", false, true, false, false, false, large),
                                    new ExchangeMethod.Delete(0, name, false, false)));
                }
                answers.get(120, TimeUnit.SECONDS);
            }
            try (Connection connection = broker.connect()) {
                assertThat(connection.isOpen()).isTrue();
            }
        }
    }

    private static Object read(RawClient client) {
        try {
            return client.read();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
