package io.plinth.dbproxy.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Against real PostgreSQL in {@code HashIT}; here what must not change between releases of ours. */
class PartitionHashTest {
    @Test
    void integersOfEqualValueHashAlikeWhateverTheirWidth() {
        assertThat(KeyType.BIGINT.hash(new byte[] {0, 5}, 21, true)).isEqualTo(PartitionHash.ofLong(5));
        assertThat(KeyType.BIGINT.hash(new byte[] {0, 0, 0, 5}, 23, true)).isEqualTo(PartitionHash.ofLong(5));
        assertThat(KeyType.BIGINT.hash(new byte[] {0, 0, 0, 0, 0, 0, 0, 5}, 20, true))
                .isEqualTo(PartitionHash.ofLong(5));
        assertThat(KeyType.BIGINT.hash(" +05 ")).isEqualTo(PartitionHash.ofLong(5));
        assertThat(KeyType.BIGINT.hash("-5".getBytes(StandardCharsets.UTF_8), 1700, false))
                .isEqualTo(PartitionHash.ofLong(-5));
    }

    @Test
    void whatIsNotSurelyAKeyIsNone() {
        assertThat(KeyType.BIGINT.hash("5.0")).isNull();
        assertThat(KeyType.BIGINT.hash("")).isNull();
        assertThat(KeyType.BIGINT.hash("-")).isNull();
        assertThat(KeyType.BIGINT.hash("0x10")).isNull();
        assertThat(KeyType.BIGINT.hash("9223372036854775808")).isNull();
        assertThat(KeyType.BIGINT.hash("5".getBytes(StandardCharsets.UTF_8), 701, false))
                .isNull();
        assertThat(KeyType.BIGINT.hash(new byte[8], 701, true)).isNull();
        assertThat(KeyType.BIGINT.hash(new byte[3], 0, true)).isNull();
        assertThat(KeyType.TEXT.hash("x".getBytes(StandardCharsets.UTF_8), 1042, false))
                .isNull();
        assertThat(KeyType.UUID.hash("c0ffee")).isNull();
        assertThat(KeyType.UUID.hash(new byte[15], 2950, true)).isNull();
    }

    @Test
    void uuidsMayBeSpelledInEveryWayPostgresReads() {
        Long hash = KeyType.UUID.hash("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
        assertThat(KeyType.UUID.hash("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")).isEqualTo(hash);
        assertThat(KeyType.UUID.hash("{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}")).isEqualTo(hash);
        assertThat(KeyType.UUID.hash("a0eebc999c0b4ef8bb6d6bb9bd380a11")).isEqualTo(hash);
        assertThat(Objects.requireNonNull(hash)).isNotZero();
    }
}
