package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.PartitionHash;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.LocalDate;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Our hash against PostgreSQL's own, value by value. */
@Timeout(60)
class HashIT {
    /** PostgreSQL's hash_combine64 of zero; the seed below is its HASH_PARTITION_SEED as int8. */
    private static final long COMBINED = 0x49a0f4dd15e5a8e3L;

    private final Random random = new Random(7);

    @Test
    void integersHashAsPostgresHashesThem() throws Exception {
        try (Connection connection = Cluster.shared().direct(0);
                PreparedStatement hash = connection.prepareStatement(sql("hashint8extended", "bigint"))) {
            for (int i = 0; i < 2000; i++) {
                long value = i < 100 ? i - 50 : random.nextLong() >> random.nextInt(64);
                hash.setLong(1, value);
                assertThat(PartitionHash.ofLong(value)).as("%d", value).isEqualTo(ask(hash) + COMBINED);
            }
        }
    }

    @Test
    void textsOfEveryLengthHashAsPostgresHashesThem() throws Exception {
        try (Connection connection = Cluster.shared().direct(0);
                PreparedStatement hash = connection.prepareStatement(sql("hashtextextended", "text"))) {
            for (int i = 0; i < 1000; i++) {
                StringBuilder text = new StringBuilder();
                for (int k = 0; k < i % 50; k++) {
                    text.appendCodePoint(
                            random.nextInt(4) == 0 ? 0xe4 + random.nextInt(3000) : 'a' + random.nextInt(26));
                }
                hash.setString(1, text.toString());
                assertThat(KeyType.TEXT.hash(text.toString())).as("%s", text).isEqualTo(ask(hash) + COMBINED);
            }
        }
    }

    @Test
    void uuidsHashAsPostgresHashesThem() throws Exception {
        try (Connection connection = Cluster.shared().direct(0);
                PreparedStatement hash = connection.prepareStatement(sql("uuid_hash_extended", "uuid"))) {
            for (int i = 0; i < 500; i++) {
                UUID id = new UUID(random.nextLong(), random.nextLong());
                hash.setObject(1, id);
                long asked = ask(hash) + COMBINED;
                assertThat(KeyType.UUID.hash(id.toString().toUpperCase(Locale.ROOT)))
                        .isEqualTo(asked);
                byte[] bytes = HexFormat.of().parseHex(id.toString().replace("-", ""));
                assertThat(KeyType.UUID.hash(bytes, 2950, true)).isEqualTo(asked);
            }
        }
    }

    @Test
    void datesAndBytesHashAsPostgresHashesThem() throws Exception {
        try (Connection connection = Cluster.shared().direct(0);
                PreparedStatement date = connection.prepareStatement(sql("hashdateextended", "date"));
                PreparedStatement bytes = connection.prepareStatement(sql("hashbyteaextended", "bytea"))) {
            for (int i = 0; i < 300; i++) {
                LocalDate day = LocalDate.of(1 + random.nextInt(9999), 1 + random.nextInt(12), 1 + random.nextInt(28));
                date.setString(1, day.toString());
                assertThat(KeyType.DATE.hash(day.toString())).as("%s", day).isEqualTo(ask(date) + COMBINED);
                byte[] value = new byte[random.nextInt(40)];
                random.nextBytes(value);
                bytes.setBytes(1, value);
                long asked = ask(bytes) + COMBINED;
                assertThat(KeyType.BYTEA.hash("\\x" + HexFormat.of().formatHex(value)))
                        .isEqualTo(asked);
                assertThat(KeyType.BYTEA.hash(value, 17, true)).isEqualTo(asked);
            }
        }
        for (String other :
                List.of("0000-01-01", "01-02-2024", "2024-02-30", "2024-1-2", "infinity", "2024-01-02 BC")) {
            assertThat(KeyType.DATE.hash(other)).as(other).isNull();
        }
        assertThat(KeyType.BYTEA.hash("abc")).isNull();
        assertThat(KeyType.BYTEA.hash("\\xabc")).isNull();
    }

    private static String sql(String function, String type) {
        return "SELECT " + function + "(?::" + type + ", 8816678312871386365)";
    }

    private static long ask(PreparedStatement hash) throws Exception {
        try (ResultSet rows = hash.executeQuery()) {
            assertThat(rows.next()).isTrue();
            return rows.getLong(1);
        }
    }
}
