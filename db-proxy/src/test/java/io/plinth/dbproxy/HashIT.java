package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.PartitionHash;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.LocalDate;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our hash against PostgreSQL's own, value by value. */
@Timeout(120)
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

    /** Random values of a type, their texts and binary forms from the server, their buckets by us, judged by the server. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "TIMESTAMP | 1114 | timestamp | timestamp '0001-01-01' + random() * interval '9998 years'",
                "TIMESTAMPTZ | 1184 | timestamptz | timestamptz '0001-01-02 00:00+00' + random() * interval '9997"
                        + " years'",
                "NUMERIC | 1700 | numeric | trunc((random() - 0.5)::numeric * 10::numeric ^ (i % 40 - 10), i % 17)",
                "NUMERIC | 1700 | numeric | (i % 20) * 10::numeric ^ (i % 30)",
                "CHARACTER | 1042 | bpchar | concat(repeat('ä ', i % 20), i, repeat(' ', i % 5))",
                "TEXT | 1043 | varchar | concat(repeat('ß ', i % 20), i, repeat(' ', i % 5))",
                "DATE | 1082 | date | date '0001-01-01' + i * 1000",
                "UUID | 2950 | uuid | gen_random_uuid()",
            })
    void keysFallIntoTheBucketsOfPostgresInTextAndBinaryForm(KeyType type, int oid, String name, String random)
            throws Exception {
        ShardedTable table = new ShardedTable("t", "k", type);
        String send = Map.of("timestamp", "timestamp_send", "timestamptz", "timestamptz_send", "bpchar", "bpcharsend")
                .getOrDefault(name, name.equals("varchar") ? "varcharsend" : name + "_send");
        try (Connection connection = Cluster.shared().direct(0);
                Statement statement = connection.createStatement()) {
            statement.execute("SET timezone = 'Asia/Kolkata'");
            statement.execute("CREATE TEMP TABLE h (k " + name + ") PARTITION BY HASH (k)");
            StringBuilder check = new StringBuilder("SELECT count(*) FROM (VALUES ");
            try (ResultSet rows = statement.executeQuery("SELECT v::text, " + send + "(v) FROM (SELECT (" + random
                    + ")::" + name + " AS v FROM generate_series(1, 300) i) x")) {
                boolean first = true;
                while (rows.next()) {
                    String text = rows.getString(1);
                    Object value = Objects.requireNonNull(type.value(text), text);
                    assertThat(type.compare(value, Objects.requireNonNull(type.value(rows.getBytes(2), oid, true))))
                            .as(text)
                            .isZero();
                    assertThat(type.value(text.getBytes(StandardCharsets.UTF_8), oid, false))
                            .isNotNull();
                    check.append(first ? "" : ", ")
                            .append("('" + text + "'::" + name + ", " + (table.hash(List.of(value)) & 1023) + ")");
                    first = false;
                }
            }
            try (ResultSet wrong = statement.executeQuery(
                    check + ") x (v, b) WHERE NOT satisfies_hash_partition('h'::regclass, 1024, b, v)")) {
                assertThat(wrong.next()).isTrue();
                assertThat(wrong.getInt(1)).isZero();
            }
        }
    }

    @Test
    void compositeKeysFallIntoTheBucketsOfPostgres() throws Exception {
        ShardedTable table = new ShardedTable(
                "t",
                List.of(
                        new ShardedTable.Column("a", KeyType.BIGINT),
                        new ShardedTable.Column("b", KeyType.TEXT),
                        new ShardedTable.Column("c", KeyType.NUMERIC)),
                new Scheme.Hash(),
                null);
        StringBuilder check = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            long a = random.nextLong() >> random.nextInt(64);
            String b = Long.toString(random.nextLong(), 36);
            BigDecimal c = BigDecimal.valueOf(random.nextInt(), random.nextInt(8));
            List<Object> key = List.of(a, b, Objects.requireNonNull(KeyType.NUMERIC.value(c.toPlainString())));
            check.append(i == 0 ? "" : ", ")
                    .append("(" + a + ", '" + b + "', " + c.toPlainString() + ", " + (table.hash(key) & 1023) + ")");
        }
        try (Connection connection = Cluster.shared().direct(0);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMP TABLE h3 (a bigint, b text, c numeric) PARTITION BY HASH (a, b, c)");
            try (ResultSet wrong = statement.executeQuery("SELECT count(*) FROM (VALUES " + check
                    + ") x (a, b, c, bucket) WHERE NOT satisfies_hash_partition('h3'::regclass, 1024, bucket,"
                    + " a::bigint, b, c)")) {
                assertThat(wrong.next()).isTrue();
                assertThat(wrong.getInt(1)).isZero();
            }
        }
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
