package io.plinth.dbproxy.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BucketMapTest {
    private static final ShardedTable ORDERS = new ShardedTable("orders", "user_id", KeyType.BIGINT);
    private static final ShardedTable LINES = new ShardedTable("order lines", "user_id", KeyType.BIGINT);

    @TempDir
    Path folder = Path.of("");

    @Test
    void whatIsStoredIsReadAgain() throws Exception {
        Path file = folder.resolve("buckets.shop");
        BucketMap made = BucketMap.open(file, "shop", List.of("s1", "s0"), List.of(ORDERS, LINES));
        BucketMap read = BucketMap.open(file, "shop", List.of("s0", "s1"), List.of(LINES, ORDERS));
        for (int bucket = 0; bucket < BucketMap.BUCKETS; bucket++) {
            assertThat(read.shard(bucket)).isEqualTo(made.shard(bucket)).isEqualTo(bucket < 512 ? "s0" : "s1");
        }
        assertThat(read.epoch()).isEqualTo(1);
    }

    @Test
    void aFileThatContradictsWhatIsStoredIsRefusedInOneLine() throws Exception {
        Path file = folder.resolve("buckets.shop");
        BucketMap.open(file, "shop", List.of("s0", "s1"), List.of(ORDERS));
        assertThatThrownBy(() -> BucketMap.open(file, "shop", List.of("s0", "s1", "s2"), List.of(ORDERS)))
                .hasMessageContaining("[s0, s1, s2] (expected: [s0, s1]")
                .hasMessageContaining("move")
                .hasMessageNotContaining("\n");
        assertThatThrownBy(() -> BucketMap.open(file, "shop", List.of("s0", "s1"), List.of()))
                .hasMessageContaining("tables.orders: not sharded");
        ShardedTable other = new ShardedTable("orders", "id", KeyType.BIGINT);
        assertThatThrownBy(() -> BucketMap.open(file, "shop", List.of("s0", "s1"), List.of(other)))
                .hasMessageContaining("id BIGINT (expected: user_id BIGINT");
    }

    @Test
    void withoutShardedTablesShardsMayStillChange() throws Exception {
        Path file = folder.resolve("buckets.shop");
        BucketMap.open(file, "shop", List.of("s0"), List.of());
        BucketMap grown = BucketMap.open(file, "shop", List.of("s0", "s1"), List.of(ORDERS));
        assertThat(grown.epoch()).isEqualTo(2);
        assertThat(grown.shard(1023)).isEqualTo("s1");
    }

    @Test
    void aBrokenFileIsNotGuessedAt() throws Exception {
        Path file = folder.resolve("buckets.shop");
        BucketMap.open(file, "shop", List.of("s0", "s1"), List.of(ORDERS));
        String text = Files.readString(file);
        Files.writeString(file, text.substring(0, text.length() - 5));
        assertThatThrownBy(() -> BucketMap.open(file, "shop", List.of("s0", "s1"), List.of(ORDERS)))
                .hasMessageContaining("not a bucket map");
    }
}
